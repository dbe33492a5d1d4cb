/**
 * What the dialogs of the nodes share: validators that give reasons, and the fields that several nodes have.
 * Each node's html loads it through Node-RED's resources route before it registers its type.
 */
window.vigiaEditor ??= (() => {
    const PACKAGE = '@vigia/node-red-cctv';
    const text = (key, values) => RED._(`${PACKAGE}/device-config:device-config.${key}`, values);

    /** What `translate` gives for a key, or undefined where the catalogue lacks it. */
    function known(key, translate, values) {
        const found = translate(key, values);
        return found.endsWith(key) ? undefined : found;
    }

    /** `${NAME}` is filled in by the runtime: the editor cannot judge it. */
    const hasVariable = (value) => /\$\{[^}]+\}/.test(value);

    /** A list that was saved as one, whatever else a flow written by hand may hold there. */
    const asList = (value) => (Array.isArray(value) ? value : []);

    const splitList = (value) =>
        String(value ?? '')
            .split(/[\s,;]+/)
            .filter((item) => item !== '');

    /** Node-RED takes a returned text as the reason, but only from validators with two parameters. */
    function validator(reasonAgainst) {
        return function (value, opt) {
            const reason = reasonAgainst.call(this, value);
            if (reason === undefined) return true;
            return opt.label ? `${opt.label}: ${reason}` : reason;
        };
    }

    function isAddressRange(value) {
        const [address, bits, ...rest] = value.split('/');
        const width = address.includes(':') ? 128 : 32;
        if (rest.length > 0 || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= width))) return false;
        if (width === 32) return /^(\d{1,3}\.){3}\d{1,3}$/.test(address) && address.split('.').every((n) => n <= 255);
        // The browser knows the many spellings of an IPv6 address.
        return /^[\da-f:.]+$/i.test(address) && URL.canParse(`http://[${address}]/`);
    }

    const badChannel = (value) => splitList(value).find((item) => !hasVariable(item) && !/^\d+$/.test(item));
    const badAddress = (values) => splitList(values).find((item) => !hasVariable(item) && !isAddressRange(item));

    function badChoice(value, values) {
        // A node of an older flow lacks what came later: the runtime takes the default.
        const known = value === undefined || value === '' || hasVariable(value) || values.includes(value);
        return known ? undefined : text('invalid.choice', { value, choices: values.join(', ') });
    }

    /** Whether a node certainly lacks a credential. The editor knows those of nodes only whose dialog was opened. */
    function lacksCredential(node, name) {
        const form = $('.vigia-form').filter((_index, each) => $(each).data('node') === node.id);
        const typed = form.find(`#node-input-${name}, #node-config-input-${name}`).val();
        if (typed !== undefined) return typed === '';
        const { credentials } = node;
        return credentials !== undefined && !credentials[name] && !credentials[`has_${name}`];
    }

    const check = {
        /** One of the values that the dialog offers. */
        choice: (...values) => validator((value) => badChoice(value, values)),
        /** A login that the node itself checks, or `none`: it needs a name and a password to compare with. */
        ownLogin: (...values) =>
            validator(function (value) {
                const isLogin = values.includes(value) && value !== 'none';
                if (!isLogin) return badChoice(value, values);
                const lacks = ['username', 'password'].some((name) => lacksCredential(this, name));
                return lacks ? text('reasons.login-needed') : undefined;
            }),
        number: ({ min, max, blank = false }) =>
            validator((value) => {
                // A node of an older flow lacks what came later: the runtime takes the default.
                if (value === undefined || hasVariable(value) || (blank && value === '')) return undefined;
                const number = value === '' ? Number.NaN : Number(value);
                return number >= min && number <= max ? undefined : text('invalid.number', { min, max });
            }),
        host: () =>
            validator(function (value) {
                const link = $('#node-config-input-link').val() ?? this.link;
                if (link !== undefined && link !== 'direct') return undefined;
                if (!value) return text('invalid.missing');
                return hasVariable(value) || !/[\s/@?#]/.test(value) ? undefined : text('invalid.host');
            }),
        serial: () =>
            validator(function (value) {
                const link = $('#node-config-input-link').val() ?? this.link;
                if (link !== 'p2p') return undefined;
                if (!value) return text('invalid.serial');
                return hasVariable(value) || /^\s*[\w-]{4,64}\s*$/.test(value) ? undefined : text('invalid.serial');
            }),
        /** Another cloud differs from the known ones in something. */
        cloudServer: () =>
            validator(function (value) {
                const chosen = (name) => $(`#node-config-input-${name}`).val() ?? this[name];
                if (value || chosen('link') !== 'p2p' || chosen('cloud') !== 'custom') return undefined;
                const lacks = ['cloudUser', 'cloudKey'].every((name) => lacksCredential(this, name));
                return lacks ? text('invalid.required') : undefined;
            }),
        /** Must be filled in where the device is reached this way. */
        onlyWith: (wanted) =>
            validator(function (value) {
                const link = $('#node-config-input-link').val() ?? this.link;
                return link === wanted && !value ? text('invalid.required') : undefined;
            }),
        fingerprint: () =>
            validator(function (value) {
                const chosen = $('#node-config-input-verify').val() ?? this.verify;
                if (chosen !== 'pin' || hasVariable(value)) return undefined;
                // As openssl prints it: `SHA256 Fingerprint=9F:86:…`.
                const digits = String(value)
                    .replace(/^\s*sha-?256(?:\s+fingerprint)?\s*[:=]/i, '')
                    .replace(/[:\s]/g, '');
                return /^[\da-f]{64}$/i.test(digits) ? undefined : text('invalid.fingerprint');
            }),
        channels: () =>
            validator((value) => {
                const wrong = badChannel(value);
                return wrong === undefined ? undefined : text('invalid.channel', { value: wrong });
            }),
        addresses: () =>
            validator((values) => {
                const wrong = badAddress(values);
                return wrong === undefined ? undefined : text('invalid.address', { value: wrong });
            }),
    };

    /** Marks a field that is not itself a property, as Node-RED marks the others. */
    function watch(input, reasonAgainst) {
        const judge = () => {
            const reason = reasonAgainst(input.val());
            input.toggleClass('input-error', reason !== undefined).attr('title', reason ?? '');
        };
        input.on('change input', judge);
        judge();
    }

    /** The vocabulary in the user's language: each family as a whole, then its kinds. */
    function kindOptions() {
        return window.vigiaVocabulary.flatMap(({ family, kinds }) => {
            const name = text(`families.${family}`);
            const within = (kind) => text('choose.of', { family: name, kind });
            const all = within(text('choose.all'));
            // Where a kind has the name of its family, choosing it means the family.
            const single = kinds.filter((kind) => kind !== family);
            return [
                { value: family, label: all, short: all },
                ...single.map((kind) => {
                    const short = text(`kinds.${kind}`);
                    return { value: kind, label: within(short), short };
                }),
            ];
        });
    }

    /** A choice from the vocabulary, or free text for the words of a vendor that the vocabulary does not know. */
    function kinds(input, chosen) {
        const options = kindOptions();
        const names = new Map(options.map(({ value, short }) => [value, short]));
        const list = {
            value: 'list',
            label: text('choose.list'),
            icon: 'fa fa-list-ul',
            multiple: true,
            options,
            // Node-RED hands over options when it sets the value, and their values when the menu closes.
            valueLabel: (container, items) => {
                const chosen = items.map((item) => names.get(item.value ?? item));
                container.text(chosen.join(', ') || text('choose.every')).attr('title', chosen.join('\n'));
            },
        };
        const free = { value: 'text', label: text('choose.text'), icon: 'fa fa-pencil' };
        input.typedInput({ types: [list, free] });
        setKinds(input, splitList(chosen));
    }

    /** The list where it has all words, free text otherwise. */
    function setKinds(input, words) {
        const known = new Set(kindOptions().map((option) => option.value));
        input.typedInput('type', words.every((word) => known.has(word)) ? 'list' : 'text');
        input.typedInput('value', words.join(','));
    }

    function channels(input, chosen) {
        input.val(splitList(chosen).join(', '));
        watch(input, (value) => {
            const wrong = badChannel(value);
            return wrong === undefined ? undefined : text('invalid.channel', { value: wrong });
        });
    }

    /** Node-RED's button that removes a line of a list: with a name, and for the keyboard too. */
    function nameRemoval(container, label) {
        const remove = container.parent().find('.red-ui-editableList-item-remove');
        remove.attr({ 'aria-label': label, title: label, role: 'button', tabindex: 0 });
        remove.on('keydown', (event) => {
            if (event.target !== remove[0] || !['Enter', ' '].includes(event.key)) return;
            event.preventDefault();
            remove.trigger('click');
        });
    }

    /** A list of addresses and CIDR ranges, one field each. */
    function addresses(list, values, label) {
        list.editableList({
            addButton: text('address.add'),
            removable: true,
            height: 'auto',
            addItem: (container, _index, item) => {
                const input = $('<input type="text" placeholder="192.168.1.0/24">').attr('aria-label', label);
                input.val(item.value ?? '').appendTo(container);
                watch(input, (value) => {
                    const wrong = badAddress(value);
                    return wrong === undefined ? undefined : text('invalid.address', { value: wrong });
                });
                nameRemoval(container, text('address.remove'));
            },
        });
        for (const value of splitList(values)) list.editableList('addItem', { value });
    }

    /** People paste what the browser shows: the parts go where they belong. */
    function splitPastedAddress(host, protocol, port) {
        host.on('change', () => {
            const pasted = host.val().trim();
            host.val(pasted);
            if (!/^https?:\/\//i.test(pasted) || !URL.canParse(pasted)) return;
            const url = new URL(pasted);
            host.val(url.hostname.replace(/^\[|\]$/g, ''));
            protocol.val(url.protocol.replace(':', ''));
            port.val(url.port);
            protocol.trigger('change');
        });
    }

    /**
     * A node that was written by hand, by a program or by an older pack may lack properties, its `version` among them: it
     * gets what a new node has, as the runtime gives it, so that labels, validators and dialogs find values. That alone is
     * no change to deploy.
     */
    function complete(node) {
        if (node._def?.set?.module !== PACKAGE) return;
        for (const [name, { value }] of Object.entries(node._def.defaults)) {
            if (node[name] === undefined) node[name] = structuredClone(value);
        }
    }
    RED.events.on('nodes:add', complete);

    /**
     * Names the parts of Node-RED's typed inputs after the label of their row, for those who do not see it. By reference,
     * because Node-RED translates a dialog after it was prepared.
     */
    function nameParts(form) {
        for (const container of form.find('.red-ui-typedInput-container').toArray()) {
            const label = $(container).closest('.form-row').children('label');
            if (!label.attr('id')) label.attr('id', `${label.attr('for')}-label`);
            $(container).find('input, button').attr('aria-labelledby', label.attr('id'));
        }
    }

    /**
     * What every dialog needs once its fields are filled: a choice that is not offered (any more) becomes the default,
     * the parts of Node-RED's widgets get names, and validators can tell whose dialog it is.
     */
    function finish(node) {
        const config = node._def.category === 'config';
        for (const [name, { value }] of Object.entries(node._def.defaults)) {
            const select = $(`select#node-${config ? 'config-' : ''}input-${name}`);
            if (select.length > 0 && select.val() === null) select.val(value).trigger('change');
        }
        const form = $('.vigia-form').last();
        form.data('node', node.id);
        nameParts(form);
    }

    /** Shows the folded settings where one of them is not as new. */
    function openWhenUsed(details, node, properties) {
        const { defaults } = node._def;
        const isNew = (property) => String(node[property] ?? '') === String(defaults[property].value);
        details.prop('open', !properties.every(isNew));
    }

    /** The isup-in nodes of all flows. */
    function listeners(select, chosen) {
        const nodes = RED.nodes.filterNodes({ type: 'isup-in' });
        const known = nodes.some(({ id }) => id === chosen);
        $('<option value="">').text(text('choose.listener')).appendTo(select);
        for (const node of nodes) $('<option>').val(node.id).text(RED.utils.getNodeLabel(node)).appendTo(select);
        // One that was deleted stays as it is until another is chosen.
        if (chosen && !known) $('<option>').val(chosen).text(chosen).appendTo(select);
        select.val(chosen ?? '');
    }

    return {
        text,
        known,
        check,
        asList,
        splitList,
        finish,
        nameParts,
        listeners,
        kinds,
        setKinds,
        readKinds: (input) => splitList(input.typedInput('value')),
        channels,
        readChannels: (input) => splitList(input.val()).map((item) => (/^\d+$/.test(item) ? Number(item) : item)),
        addresses,
        nameRemoval,
        readAddresses: (list) =>
            list
                .editableList('items')
                .toArray()
                .flatMap((row) => splitList(row.find('input').val())),
        splitPastedAddress,
        openWhenUsed,
    };
})();
