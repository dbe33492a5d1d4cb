/** One device in the Devices sidebar: drawn once, then only what changed is touched. */
window.vigiaDeviceCard = (() => {
    const text = (key, values) => RED._(`@vigia/node-red-cctv/vigia:sidebar.${key}`, values);
    const shared = (key) => RED._(`@vigia/node-red-cctv/device-config:device-config.${key}`);
    const MINUTES = 60;
    const MINUTE_MS = 60_000;
    /** Of the sparkline, in its own units: one bar per minute. */
    const HEIGHT = 16;
    const TROUBLES = ['locked', 'forbidden', 'rejected', 'invalid'];

    const TEMPLATE = `
        <li class="vigia-card">
            <div class="vigia-card-seen">
                <div class="vigia-card-picture"><i class="fa fa-video-camera" aria-hidden="true"></i><img alt="" hidden></div>
                <svg class="vigia-card-rate" viewBox="0 0 ${MINUTES} ${HEIGHT}" preserveAspectRatio="none" role="img">
                    <path></path>
                </svg>
            </div>
            <div class="vigia-card-who">
                <button type="button" class="vigia-card-name"></button>
                <div class="vigia-card-state"><span class="vigia-card-dot" aria-hidden="true"></span><span></span></div>
                <div class="vigia-card-model"></div>
                <div class="vigia-card-way"></div>
                <div class="vigia-card-last"><span class="vigia-card-event"></span><span class="vigia-card-time"></span></div>
            </div>
            <div class="vigia-card-trouble" hidden>
                <i class="fa fa-exclamation-triangle" aria-hidden="true"></i><span></span>
            </div>
        </li>`;

    /** The text of a key that may be missing: vendors have words that the vocabulary does not know. */
    function translated(key, fallback) {
        const found = shared(key);
        return found.endsWith(key) ? fallback : found;
    }

    /** The hour, and the day where it was not today. */
    function time(at, now) {
        const today = new Date(at).toDateString() === new Date(now).toDateString();
        const day = today ? {} : { day: 'numeric', month: 'numeric' };
        return new Date(at).toLocaleString(RED.i18n.lang(), { ...day, hour: 'numeric', minute: '2-digit' });
    }

    const isOnline = ({ state }) => state === 'online' || state === 'heard';
    const isTroubled = ({ state, fault }) => fault !== undefined || TROUBLES.includes(state);

    function stateText({ state, since, until, seen }, now) {
        if (state === 'locked' && until) return text('state.lockedUntil', { time: time(until, now) });
        return text(`state.${state}`, { time: time(seen ?? since, now) });
    }

    function eventText({ last }) {
        if (!last) return text('noEvent');
        const kind = translated(`kinds.${last.kind}`, last.kind);
        if (last.channel === null) return kind;
        // On two lines the second begins with the channel.
        return `${kind}\u00a0· ${text('channel', { channel: last.channel }).replaceAll(' ', '\u00a0')}`;
    }

    function troubleText({ state, fault, reason, until }, now) {
        const sentences = [];
        if (fault) sentences.push(window.vigiaDevice?.explain(fault) ?? fault.message);
        else if (reason) {
            const key = `reasons.${reason}`;
            const known = text(key);
            sentences.push(known.endsWith(key) ? reason : known);
        }
        if (state === 'offline' && until - now > MINUTE_MS) sentences.push(text('retry', { time: time(until, now) }));
        return sentences.join(' ').replace(/([。！？]) /g, '$1');
    }

    function wayText({ ways, route, address }) {
        const names = ways.map((way) => (way === 'p2p' && route ? text(`way.p2p-${route}`) : text(`way.${way}`)));
        return [names.join(' + '), address].filter(Boolean).join(' · ');
    }

    /** Bars as one path: whatever the rate, the highest is as high as the line. */
    function ratePath(counts) {
        const highest = Math.max(...counts);
        return counts
            .map((count, minute) => {
                if (count === 0) return '';
                const height = Math.max(1.5, (count / highest) * HEIGHT).toFixed(1);
                return `M${minute + 0.1} ${HEIGHT}v-${height}h.8v${height}z`;
            })
            .join('');
    }

    class DeviceCard {
        #parts;
        #shown = {};
        /** Events by minute since 1970. */
        #counts = new Map();
        #loaded;

        constructor(card, { open, isNear }) {
            const [element] = $(TEMPLATE.trim()).get();
            const find = (name) => element.querySelector(`.vigia-card-${name}`);
            this.element = element;
            this.#parts = {
                name: find('name'),
                model: find('model'),
                way: find('way'),
                state: find('state').lastElementChild,
                event: find('event'),
                time: find('time'),
                rate: find('rate'),
                path: find('rate').firstElementChild,
                trouble: find('trouble'),
                sentence: find('trouble').lastElementChild,
                icon: find('picture').firstElementChild,
                image: find('picture').lastElementChild,
            };
            element.addEventListener('click', () => open(this.card));
            this.isNear = isNear;
            this.card = card;
        }

        /** @param now the time of the runtime; @param all whether the card brings the whole hour, or what is new in it */
        update(card, now, all) {
            if (all) this.#counts.clear();
            const minute = Math.floor(now / MINUTE_MS);
            const { length = 0 } = card.counts ?? {};
            for (let index = 0; index < length; index += 1) {
                this.#counts.set(minute - length + 1 + index, card.counts[index]);
            }
            this.card = card;
            this.refresh(now);
        }

        /** Draws what has changed, which may be nothing but the time. */
        refresh(now) {
            const { card } = this;
            const parts = this.#parts;
            this.#write('name', parts.name, card.name || text('unknown'));
            this.#write('model', parts.model, card.model ?? card.serial ?? card.mac ?? '');
            this.#write('way', parts.way, wayText(card));
            this.#write('state', parts.state, stateText(card, now));
            this.#write('event', parts.event, eventText(card));
            this.#write('time', parts.time, card.last ? time(card.last.at, now) : '');
            const trouble = troubleText(card, now);
            this.#write('trouble', parts.sentence, trouble);
            this.#once('troubled', trouble !== '', (shown) => {
                parts.trouble.hidden = !shown;
            });
            this.#once('class', this.#look(), (look) => {
                this.element.dataset.look = look;
            });
            this.#drawRate(now);
        }

        /** Its picture has to be fetched. */
        get wantsPicture() {
            return this.card.picture !== undefined && this.card.picture !== this.#loaded;
        }

        /** @param version of the picture; @param url undefined where it cannot be shown */
        showPicture(version, url) {
            this.#loaded = version;
            if (url === undefined) return;
            const { image, icon } = this.#parts;
            image.src = url;
            image.alt = text('picture', { name: this.card.name });
            image.hidden = false;
            icon.hidden = true;
        }

        matches(words, filter) {
            const { card } = this;
            if (filter === 'online' && !isOnline(card)) return false;
            if (filter === 'offline' && (isOnline(card) || card.state === 'idle')) return false;
            if (filter === 'trouble' && !isTroubled(card)) return false;
            if (words.length === 0) return true;
            const { name, model, way, event } = this.#shown;
            const hay = `${name} ${model} ${way} ${event} ${card.serial ?? ''} ${card.mac ?? ''}`.toLowerCase();
            return words.every((word) => hay.includes(word));
        }

        #look() {
            const { card } = this;
            if (isTroubled(card) && card.state !== 'offline') return isOnline(card) ? 'mind' : 'bad';
            if (isOnline(card)) return 'good';
            return card.state === 'offline' ? 'bad' : 'rest';
        }

        #drawRate(now) {
            const newest = Math.floor(now / MINUTE_MS);
            for (const minute of this.#counts.keys()) if (minute <= newest - MINUTES) this.#counts.delete(minute);
            const counts = Array.from(
                { length: MINUTES },
                (_, index) => this.#counts.get(newest - MINUTES + 1 + index) ?? 0,
            );
            const total = counts.reduce((sum, count) => sum + count, 0);
            this.#once('path', total === 0 ? '' : ratePath(counts), (path) => {
                this.#parts.path.setAttribute('d', path);
            });
            this.#once('total', total, () => {
                this.#parts.rate.classList.toggle('vigia-card-quiet', total === 0);
                this.#parts.rate.setAttribute('aria-label', text('rate', { events: total }));
            });
        }

        #write(name, element, value) {
            this.#once(name, value, () => {
                element.textContent = value;
                element.title = value;
            });
        }

        #once(name, value, show) {
            if (this.#shown[name] === value) return;
            this.#shown[name] = value;
            show(value);
        }
    }

    return { DeviceCard, isOnline, isTroubled };
})();
