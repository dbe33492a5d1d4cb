/**
 * The Devices sidebar: every device as a card. While nobody can see it, it asks for nothing and no timer runs.
 */
window.vigiaDevices = (() => {
    const text = (key, values) => RED._(`@vigia/node-red-cctv/vigia:sidebar.${key}`, values);
    const ID = 'vigia-devices';
    const MINUTE_MS = 60_000;
    const THUMBNAIL = 192;
    const FIRST_RETRY_MS = 2000;
    const LONGEST_RETRY_MS = 30_000;
    const FILTERS = ['all', 'online', 'offline', 'trouble'];

    const TEMPLATE = `
        <div class="vigia-devices">
            <div class="red-ui-sidebar-header vigia-devices-header">
                <span class="button-group vigia-devices-filters" role="group"></span>
            </div>
            <div class="vigia-devices-search"><input type="text"></div>
            <div class="vigia-devices-summary" role="status"></div>
            <div class="vigia-devices-empty" hidden></div>
            <ul class="vigia-devices-list"></ul>
        </div>`;

    /** The records of a stream of server-sent events, as they come. */
    async function* updates(body) {
        const reader = body.pipeThrough(new TextDecoderStream()).getReader();
        let unread = '';
        for (;;) {
            const { done, value } = await reader.read();
            if (done) return;
            const records = (unread + value).split('\n\n');
            unread = records.pop();
            for (const record of records) if (record.startsWith('data: ')) yield JSON.parse(record.slice(6));
        }
    }

    class DevicesSidebar {
        #root = $(TEMPLATE.trim());
        #parts;
        #cards = new Map();
        #byElement = new Map();
        #words = [];
        #filter = 'all';
        /** What the clock of the runtime is ahead of ours, in milliseconds. */
        #ahead = 0;
        #running;
        /** Devices beyond those that the runtime tells of. */
        #left = 0;
        #inView = false;
        #fetchPicture = window.vigiaPictures.queue(4);
        #watching;
        #pictures;
        #onVisibility = () => this.#decide();

        constructor() {
            const find = (name) => this.#root.find(`.vigia-devices-${name}`);
            const [list, empty, summary] = ['list', 'empty', 'summary'].map((name) => find(name)[0]);
            this.#parts = { list, empty, summary };
            list.setAttribute('aria-label', text('title'));
            const input = find('search').find('input');
            const seek = () => {
                this.#words = input.val().toLowerCase().split(/\s+/).filter(Boolean);
                this.#sift();
            };
            // The box of Node-RED hears keys and its own button only, not what is pasted.
            input
                .attr({ 'aria-label': text('search'), placeholder: text('search') })
                .on('input', seek)
                .searchBox({ style: 'compact', change: seek });
            find('filters').attr('aria-label', text('filter.label'));
            for (const filter of FILTERS) this.#filterButton(filter).appendTo(find('filters'));
            this.#pictures = new IntersectionObserver((entries) => this.#cameNear(entries), { root: list });
            this.#watching = new IntersectionObserver(([entry]) => {
                this.#inView = entry.isIntersecting;
                this.#decide();
            });
        }

        get content() {
            return this.#root;
        }

        watch() {
            this.#watching.observe(this.#root[0]);
            document.addEventListener('visibilitychange', this.#onVisibility);
        }

        close() {
            this.#watching.disconnect();
            this.#pictures.disconnect();
            document.removeEventListener('visibilitychange', this.#onVisibility);
            this.#stop();
        }

        #filterButton(filter) {
            const button = $('<button type="button" class="red-ui-sidebar-header-button-toggle">');
            button.text(text(`filter.${filter}`)).attr('aria-pressed', String(filter === this.#filter));
            button.toggleClass('selected', filter === this.#filter);
            return button.on('click', () => {
                this.#filter = filter;
                button.siblings().removeClass('selected').attr('aria-pressed', 'false');
                button.addClass('selected').attr('aria-pressed', 'true');
                this.#sift();
            });
        }

        #decide() {
            if (this.#inView && document.visibilityState === 'visible') this.#start();
            else this.#stop();
        }

        #start() {
            if (this.#running !== undefined) return;
            const running = new AbortController();
            this.#running = running;
            const tick = setInterval(() => this.#refresh(), MINUTE_MS);
            running.signal.addEventListener('abort', () => clearInterval(tick));
            this.#follow(running.signal);
        }

        #stop() {
            this.#running?.abort();
            this.#running = undefined;
        }

        async #follow(signal) {
            let wait = FIRST_RETRY_MS;
            while (!signal.aborted) {
                try {
                    const response = await window.vigiaPictures.ask('vigia/devices', { signal });
                    if (response.status === 401 || response.status === 403) {
                        this.#say(text('forbidden'));
                        return;
                    }
                    if (!response.ok) throw new Error(String(response.status));
                    for await (const update of updates(response.body)) {
                        wait = FIRST_RETRY_MS;
                        this.#show(update);
                    }
                } catch {
                    // Closed, or Node-RED is away, which the editor says by itself: it is tried again.
                    if (signal.aborted) return;
                }
                await new Promise((resolve) => {
                    const timer = setTimeout(resolve, wait);
                    signal.addEventListener('abort', () => {
                        clearTimeout(timer);
                        resolve();
                    });
                });
                wait = Math.min(wait * 2, LONGEST_RETRY_MS);
            }
        }

        #show({ all, now, cards, left }) {
            this.#ahead = now - Date.now();
            if (all) {
                const ids = new Set(cards.map(({ id }) => id));
                for (const [id, { element }] of this.#cards) if (!ids.has(id)) this.#remove(id, element);
            }
            let added = false;
            let moved = false;
            for (const card of cards) {
                const known = this.#cards.get(card.id);
                moved ||= known !== undefined && known.card.name !== card.name;
                added ||= known === undefined;
                const shown = known ?? this.#add(card);
                shown.update(card, now, all);
                if (shown.isNear) this.#loadPicture(shown);
            }
            if (added || moved) this.#sort();
            this.#sift();
            this.#left = left;
            this.#summarise();
        }

        #add(card) {
            const shown = new window.vigiaDeviceCard.DeviceCard(card, { open: jump, isNear: false });
            this.#cards.set(card.id, shown);
            this.#byElement.set(shown.element, shown);
            this.#pictures.observe(shown.element);
            return shown;
        }

        #remove(id, element) {
            this.#pictures.unobserve(element);
            this.#cards.delete(id);
            this.#byElement.delete(element);
            element.remove();
        }

        /** By name, as people count: camera 2 before camera 10. Cards that stand right are not touched. */
        #sort() {
            const { compare } = new Intl.Collator(RED.i18n.lang(), { numeric: true });
            const sorted = [...this.#cards.values()].sort((one, other) => compare(one.card.name, other.card.name));
            let next = this.#parts.list.firstElementChild;
            for (const { element } of sorted) {
                if (element === next) next = next.nextElementSibling;
                else this.#parts.list.insertBefore(element, next);
            }
        }

        #sift() {
            let shown = 0;
            for (const card of this.#cards.values()) {
                const matches = card.matches(this.#words, this.#filter);
                if (card.element.hidden === matches) card.element.hidden = !matches;
                if (matches) shown += 1;
            }
            if (this.#cards.size === 0) this.#say(text('empty'));
            else this.#say(shown === 0 ? text('noMatch') : '');
        }

        #say(sentence) {
            const { empty } = this.#parts;
            if (empty.textContent !== sentence) empty.textContent = sentence;
            if (empty.hidden !== (sentence === '')) empty.hidden = sentence === '';
        }

        #summarise() {
            const { isOnline, isTroubled } = window.vigiaDeviceCard;
            const cards = [...this.#cards.values()].map(({ card }) => card);
            const total = cards.length + this.#left;
            const online = cards.filter(isOnline).length;
            const trouble = cards.filter(isTroubled).length;
            const counts = text('summary', { total, online, trouble });
            const sentence = this.#left > 0 ? `${counts} ${text('left', { left: this.#left })}` : counts;
            const { summary } = this.#parts;
            if (summary.textContent !== sentence) summary.textContent = sentence;
        }

        #refresh() {
            const now = Date.now() + this.#ahead;
            for (const card of this.#cards.values()) card.refresh(now);
        }

        #cameNear(entries) {
            for (const { target, isIntersecting } of entries) {
                const card = this.#byElement.get(target);
                if (card === undefined) continue;
                card.isNear = isIntersecting;
                if (isIntersecting) this.#loadPicture(card);
            }
        }

        #loadPicture(card) {
            if (!card.wantsPicture || card.isLoading) return;
            const { signal } = this.#running ?? {};
            card.isLoading = true;
            this.#fetchPicture(async () => {
                // Scrolled past meanwhile: it asks again when it comes back.
                if (!card.isNear) {
                    card.isLoading = false;
                    return;
                }
                const { id, picture } = card.card;
                try {
                    const path = `vigia/picture?device=${encodeURIComponent(id)}`;
                    const response = await window.vigiaPictures.ask(path, { signal });
                    const url = response.ok
                        ? await window.vigiaPictures.thumbnail(await response.blob(), THUMBNAIL)
                        : undefined;
                    card.showPicture(picture, url);
                } catch {
                    // No picture that a browser can draw, or the sidebar was closed: the next one is tried again.
                    if (signal === undefined || !signal.aborted) card.showPicture(picture, undefined);
                }
                card.isLoading = false;
            });
        }
    }

    /** To the dialog of a config node, or to the node on its flow. */
    function jump({ node: id }) {
        const node = RED.nodes.node(id);
        if (!node) RED.notify(text('gone'), 'warning');
        else if (node._def.category === 'config') RED.editor.editConfig('', node.type, node.id);
        else RED.view.reveal(id);
    }

    let sidebar;

    function add() {
        sidebar = new DevicesSidebar();
        RED.actions.add('vigia:show-devices', () => RED.sidebar.show(ID));
        RED.sidebar.addTab({
            id: ID,
            label: text('title'),
            name: text('title'),
            iconClass: 'fa fa-video-camera',
            content: sidebar.content,
            action: 'vigia:show-devices',
            pinned: true,
            enableOnEdit: true,
        });
        sidebar.watch();
    }

    function remove() {
        sidebar.close();
        RED.actions.remove('vigia:show-devices');
        RED.sidebar.removeTab(ID);
    }

    return { add, remove };
})();
