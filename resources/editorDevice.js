/**
 * The buttons that talk to a device while its dialog is open: test, search, diagnostics, and the lists of channels and
 * events for the dialogs of other nodes. They work with what is typed, before the first deploy; passwords travel in the
 * bodies of POST requests only.
 */
window.vigiaDevice = (() => {
    const text = (key, values) => RED._(`@vigia/node-red-cctv/device-config:device-config.${key}`, values);
    const PATIENCE = 75_000;
    const CREDENTIALS = ['username', 'password', 'isupKey', 'cloudUser', 'cloudKey'];
    const SAVED = '__PWRD__';
    const MOST_NAMED = 12;
    const SEARCH_TOPIC = 'vigia/device-search';

    /** Resolves with the answer; rejects with a sentence for the user. Relative, so that it works below any root path. */
    async function ask(path, body) {
        const settings = { url: path, method: 'POST', contentType: 'application/json', data: JSON.stringify(body) };
        try {
            return await $.ajax({ ...settings, dataType: 'json', timeout: PATIENCE });
        } catch (failure) {
            const [type] = path.split('/');
            if (failure.status === 401 || failure.status === 403) {
                throw new Error(text('button.forbidden', { permission: `${type}.write` }));
            }
            throw new Error(text(failure.status === 404 ? 'button.unknown' : 'button.unreachable'));
        }
    }

    /** Where the settings stand in the same dialog, nothing has to be opened or deployed to try others. */
    const REMEDIES = {
        AUTH_REJECTED: 'test.correct',
        AUTH_BLOCKED: 'test.correct',
        AUTH_MISSING: 'test.above',
        CONFIG_INVALID: 'test.above',
        HOST_MISSING: 'test.above',
        P2P_SERIAL_MISSING: 'test.above',
    };

    /** Node types whose dialogs have labels; what several of them have is called as the first does. */
    const TYPES = [
        'device-config',
        'isapi-request',
        'isapi-alertstream',
        'alarm-http-in',
        'isup-in',
        'intelbras-p2p-tunnel',
    ];

    /** The text of a key, or undefined where there is none. */
    const known = (key, values) => vigiaEditor.known(key, text, values);

    /** A setting by its label; by its name where no dialog has one. */
    function labelOf(field) {
        if (!/^[a-z]\w*$/i.test(field)) return field;
        for (const type of TYPES) {
            const own = (key) => RED._(`@vigia/node-red-cctv/${type}:${type}.${key}`);
            const label = vigiaEditor.known(`label.${field}`, own);
            if (label !== undefined) return label;
        }
        return field;
    }

    /** Sentences one after the other; Chinese has no space between them. */
    const sentences = (...all) =>
        all
            .filter(Boolean)
            .join(' ')
            .replace(/([。！？]) /g, '$1');

    /** A fault in the user's language: what happened and what to do. */
    function explain({ code, details, reason, message }, remedies = {}) {
        const values = { ...details };
        if (reason) values.reason = text(`reasons.${reason.key}`, reason.details);
        if (values.until) values.until = time(values.until);
        if (values.field) values.field = labelOf(String(values.field));
        const remedy = remedies[code] ? text(remedies[code]) : known(`remedies.${code}`, values);
        return sentences(known(`errors.${code}`, values) ?? message, remedy);
    }

    /** The hour, and the day where it is not today. */
    function time(at) {
        const isToday = new Date(at).toDateString() === new Date().toDateString();
        const day = isToday ? {} : { day: 'numeric', month: 'numeric' };
        return new Date(at).toLocaleString(RED.i18n.lang(), { ...day, hour: 'numeric', minute: '2-digit' });
    }

    function duration(seconds) {
        const n = Math.abs(seconds);
        if (n < 120) return text('test.seconds', { n });
        return n < 7200
            ? text('test.minutes', { n: Math.round(n / 60) })
            : text('test.hours', { n: Math.round(n / 3600) });
    }

    /** What the open dialog of a `device-config` says, saved or not. */
    function typedInDialog(node) {
        const config = {};
        const credentials = {};
        for (const name of Object.keys(node._def.defaults)) {
            const field = $(`#node-config-input-${name}`);
            const value = field.length > 0 ? field.val() : node[name];
            config[name] = value === '_ADD_' ? '' : value;
        }
        for (const name of CREDENTIALS) {
            const field = $(`#node-config-input-${name}`);
            if (field.length > 0) credentials[name] = field.val();
        }
        return { id: node.id, config, credentials };
    }

    /** What the editor holds of a `device-config`, deployed or not. */
    function typedInNode(id) {
        const node = RED.nodes.node(id);
        if (!node) return undefined;
        const config = {};
        const credentials = {};
        for (const name of Object.keys(node._def.defaults)) config[name] = node[name];
        for (const name of CREDENTIALS) {
            const value = node.credentials?.[name];
            // An empty password of a node that has one only was not loaded.
            if (typeof value === 'string' && value !== '' && value !== SAVED) credentials[name] = value;
        }
        return { id, config, credentials };
    }

    /** A paragraph with an icon that says how good the news is. */
    function note(kind, sentence) {
        const icons = {
            good: 'fa-check-circle',
            bad: 'fa-times-circle',
            mind: 'fa-exclamation-triangle',
            info: 'fa-info-circle',
        };
        const paragraph = $('<p class="vigia-note">').addClass(`vigia-${kind}`);
        $('<i class="fa" aria-hidden="true">').addClass(icons[kind]).appendTo(paragraph);
        $('<span>').text(sentence).appendTo(paragraph);
        return paragraph;
    }

    function button(label, act) {
        return $('<button type="button" class="red-ui-button">').text(label).on('click', act);
    }

    /** Shows in `place` that it takes a while, then what `work` gives; the button rests meanwhile. */
    async function show(clicked, place, waiting, work) {
        const hadFocus = document.activeElement === clicked[0];
        clicked.prop('disabled', true).attr('aria-busy', 'true');
        place.empty().append(note('info', waiting));
        try {
            const shown = await work();
            place.empty().append(shown);
        } catch (failure) {
            place.empty().append(note('bad', failure.message));
        }
        clicked.prop('disabled', false).removeAttr('aria-busy');
        // A button that rests loses the focus: whoever uses the keyboard goes on where they were.
        if (hadFocus && document.activeElement === document.body) clicked.trigger('focus');
    }

    function rows(pairs) {
        const list = $('<dl class="vigia-facts">');
        for (const [label, value] of pairs) {
            if (value === undefined || value === '') continue;
            $('<dt>').text(label).appendTo(list);
            $('<dd>').text(value).appendTo(list);
        }
        return list;
    }

    const familyText = (family) => text(`family.${family}`);

    function named({ id, name }) {
        return name ? `${id} ${name}` : String(id);
    }

    function channelsText(channels = []) {
        if (channels.length === 0) return text('test.none');
        const shown = channels.slice(0, MOST_NAMED).map(named).join(', ');
        const left = channels.length - MOST_NAMED;
        return left > 0 ? `${shown} ${text('test.more', { number: left })}` : shown;
    }

    function loginText(login) {
        if (login === undefined) return undefined;
        if (login.kind === 'digest') return text('test.loginDigest', { hash: login.hash ?? 'MD5' });
        return text(login.kind === 'basic' ? 'test.loginBasic' : 'test.loginNone');
    }

    function clockText(drift) {
        if (drift === undefined) return text('test.unknown');
        if (Math.abs(drift) <= 2) return text('test.inTime');
        return text(drift > 0 ? 'test.ahead' : 'test.behind', { time: duration(drift) });
    }

    function lockText(breaker) {
        if (breaker.name !== 'blocked') return text('test.unlocked');
        const key = breaker.lockedByDevice ? 'test.lockedUntil' : 'test.pausedUntil';
        return text(key, { time: time(breaker.until) });
    }

    /** The fields of the dialog that an answer may fill. */
    function fill(values) {
        for (const [name, value] of Object.entries(values)) {
            $(`#node-config-input-${name}`).val(value).trigger('change');
        }
    }

    function shownTest(found, again) {
        const { fault, profile, certificate } = found;
        const shown = [note(fault ? 'bad' : 'good', fault ? explain(fault, REMEDIES) : text('test.ok'))];
        if (found.inactive) shown.push(note('mind', text('test.inactive')));
        if (fault?.triesLeft !== undefined) shown.push(note('mind', text('test.tries', { number: fault.triesLeft })));
        if (certificate) {
            const { fingerprint, subject, issuer, validTo } = certificate;
            shown.push(note('info', text('test.certificate', { subject, issuer, until: validTo })));
            shown.push($('<p class="vigia-code">').text(text('test.fingerprint', { fingerprint })));
            shown.push(note('mind', text('test.compare')));
            const pin = () => {
                fill({ verify: 'pin', fingerprint });
                again();
            };
            shown.push(button(text('test.pin'), pin));
        }
        if (found.otherVendor) {
            shown.push(note('mind', text('test.otherVendor')));
            shown.push(button(text('test.useVendor'), () => fill({ vendor: profile.vendor })));
        }
        if (profile) {
            shown.push(
                rows([
                    [text('test.model'), `${profile.model ?? '?'} (${familyText(profile.family)})`],
                    [text('test.serial'), profile.serial],
                    [text('test.firmware'), profile.firmware],
                    [text('test.channels'), channelsText(found.channels)],
                    [
                        text('test.latency'),
                        found.latency === undefined ? undefined : text('test.ms', { ms: found.latency }),
                    ],
                    [text('test.login'), loginText(found.login)],
                    [text('test.streams'), text(`test.${found.streams}`)],
                    [text('test.clock'), clockText(found.drift)],
                    [text('test.lock'), lockText(found.breaker)],
                ]),
            );
        } else if (found.breaker?.name === 'blocked') {
            shown.push(rows([[text('test.lock'), lockText(found.breaker)]]));
        }
        if (found.login?.cleartext) shown.push(note('mind', text('test.cleartext')));
        if (found.eventsFault) {
            shown.push(note('mind', text('test.events', { reason: explain(found.eventsFault) })));
            if (found.eventsFault.code === 'FORBIDDEN') shown.push(note('info', text('test.eventsHow')));
        }
        const word = fault?.vendorWord ?? found.eventsFault?.vendorWord;
        if (word) shown.push($('<p class="vigia-note vigia-info">').text(text('test.word', { word })));
        return shown;
    }

    function testButton(clicked, place, node) {
        const run = () =>
            show(clicked, place, text('button.asking'), async () =>
                shownTest(await ask('device-config/test', typedInDialog(node)), run),
            );
        clicked.on('click', run);
    }

    /** One found device: a button that fills in where it is. */
    function foundDevice(device, choose) {
        const { address, httpPort, name, model, serial, activated } = device;
        const one = $('<button type="button" class="red-ui-button vigia-found">').on('click', () => choose(device));
        $('<span class="vigia-found-name">')
            .text([name, model].filter(Boolean).join(' · ') || address)
            .appendTo(one);
        const port = httpPort && httpPort !== 80 ? `:${httpPort}` : '';
        const facts = [address + port, serial, activated === false ? text('discover.inactive') : undefined];
        $('<span class="vigia-found-facts">').text(facts.filter(Boolean).join(' · ')).appendTo(one);
        return $('<li>').append(one);
    }

    function shownSearch({ devices, interfaces, problems }, choose) {
        const number = devices.length;
        const problem = ({ reason, ...values }) =>
            note(number > 0 ? 'info' : 'mind', text(`discover.${reason}`, values));
        const shown = problems.map(problem);
        if (number > 0) {
            shown.unshift(note('good', text(number === 1 ? 'discover.foundOne' : 'discover.found', { number })));
            shown.push($('<ul class="vigia-found-list">').append(devices.map((device) => foundDevice(device, choose))));
        }
        const places = interfaces.map(({ name, address }) => `${name} (${address})`).join(', ');
        if (places !== '') shown.push(note('info', text('discover.on', { interfaces: places })));
        return shown;
    }

    function discoverButton(clicked, place) {
        const choose = ({ address, httpPort, vendor, name }) => {
            const isNamed = $('#node-config-input-name').val() !== '';
            fill({ host: address, port: httpPort && httpPort !== 80 ? httpPort : '', vendor });
            if (name && !isNamed) fill({ name });
            place.empty();
            $('#node-config-input-password').trigger('focus');
        };
        const told = (_topic, { found, left }) => {
            const progress = { number: found, seconds: Math.ceil(left / 1000) };
            if (clicked.prop('disabled')) place.empty().append(note('info', text('discover.progress', progress)));
        };
        clicked.on('click', async () => {
            RED.comms.subscribe(SEARCH_TOPIC, told);
            await show(clicked, place, text('discover.searching'), async () =>
                shownSearch(await ask('device-config/discover', {}), choose),
            );
            RED.comms.unsubscribe(SEARCH_TOPIC, told);
        });
    }

    function save(name, content) {
        const url = URL.createObjectURL(new Blob([content], { type: 'application/json' }));
        $('<a>').attr({ href: url, download: name })[0].click();
        setTimeout(() => URL.revokeObjectURL(url), PATIENCE);
    }

    function diagnosticsButton(clicked, place, node) {
        clicked.on('click', () =>
            show(clicked, place, text('button.asking'), async () => {
                const report = await ask('device-config/diagnostics', typedInDialog(node));
                if (report.fault) return note('bad', explain(report.fault, REMEDIES));
                const file = `vigia-diagnostics-${report.family}-${report.day}.json`;
                save(file, `${JSON.stringify(report, null, 2)}\n`);
                const counts = { number: report.answers.length, events: report.events.length };
                return note('good', text('diagnostics.done', { file, ...counts }));
            }),
        );
    }

    /** A titled group of what a device offers, one line each; `boxOf` gives the box or button of a value. */
    function offers(legend, options, boxOf) {
        const group = $('<fieldset class="vigia-boxes">').append($('<legend>').text(legend));
        for (const { value, label, hint } of options) {
            const line = $('<label>').append(boxOf(value), $('<span>').text(label)).appendTo(group);
            if (hint)
                line.append(
                    $('<span class="vigia-mark">').append(
                        '<i class="fa fa-bell-slash-o" aria-hidden="true">',
                        $('<span>').text(hint),
                    ),
                );
        }
        return group;
    }

    /** A group of boxes for what a field lists; what the field holds beside them stays. */
    function boxes(legend, options, field) {
        return offers(legend, options, (value) => {
            const box = $('<input type="checkbox">').prop('checked', field.read().includes(value));
            return box.on('change', () => {
                const others = field.read().filter((item) => item !== value);
                field.write(box.prop('checked') ? [...others, value] : others);
            });
        });
    }

    /** A group of which a field takes one. */
    function choices(legend, options, field) {
        return offers(legend, options, (value) =>
            $('<input type="radio" name="vigia-choice">')
                .prop('checked', field.read() === value)
                .on('change', () => field.write(value)),
        );
    }

    const kindLabel = ({ kind, family, type }) => (family === 'unknown' ? type : text(`kinds.${kind}`));

    /** The kinds that the triggers of a device raise, and those that it keeps to itself. */
    function kindOptions(triggers) {
        const byKind = new Map();
        for (const trigger of triggers) byKind.set(trigger.kind, [...(byKind.get(trigger.kind) ?? []), trigger]);
        return [...byKind].map(([kind, all]) => {
            const quiet = all.filter(({ center }) => !center);
            const numbers = [
                ...new Set(quiet.map(({ channel }) => channel).filter((channel) => channel !== undefined)),
            ];
            const label = kindLabel(all[0]);
            if (quiet.length === 0) return { value: kind, label };
            const isWhole = quiet.length === all.length || numbers.length === 0;
            const hint = isWhole ? text('pick.off') : text('pick.offOn', { channels: numbers.join(', ') });
            return { value: kind, label, hint };
        });
    }

    const channelOptions = (channels) =>
        channels.map((channel) => ({ value: String(channel.id), label: named(channel) }));

    /** Each trigger by its id, with what it reports and whether it does. */
    function triggerOptions(triggers) {
        return triggers
            .filter(({ id }) => id !== '')
            .map((trigger) => ({
                value: trigger.id,
                label: `${trigger.id} · ${kindLabel(trigger)}`,
                hint: trigger.center ? undefined : text('pick.off'),
            }));
    }

    function shownKnowledge({ channels, triggers }, fields) {
        return [
            channels.length > 0
                ? boxes(text('pick.channels'), channelOptions(channels), fields.channels)
                : note('info', text('pick.noChannels')),
            triggers.length > 0
                ? boxes(text('pick.events'), kindOptions(triggers), fields.kinds)
                : note('info', text('pick.noEvents')),
            note('info', text('pick.all')),
        ];
    }

    /** Asks the device that `deviceId` gives what it has, and shows what `shown` makes of it. */
    function knowledgeButton(clicked, place, deviceId, shown) {
        clicked.on('click', () => {
            const typed = typedInNode(deviceId());
            if (typed === undefined) {
                place
                    .empty()
                    .show()
                    .append(note('mind', text('pick.noDevice')));
                return;
            }
            show(clicked, place, text('button.asking'), async () => {
                const answer = await ask('device-config/knowledge', typed);
                return answer.fault ? note('bad', explain(answer.fault)) : shown(answer);
            });
        });
    }

    /** Fills channels and events of a node from the device that `deviceId` gives. */
    function pickButton(clicked, place, deviceId) {
        const channels = $('#vigia-channels');
        const kinds = $('#vigia-kinds');
        const fields = {
            channels: {
                read: () => vigiaEditor.splitList(channels.val()),
                write: (list) => channels.val(list.sort((one, other) => one - other).join(', ')).trigger('change'),
            },
            kinds: {
                read: () => vigiaEditor.readKinds(kinds),
                write: (list) => vigiaEditor.setKinds(kinds, list),
            },
        };
        knowledgeButton(clicked, place, deviceId, (answer) => shownKnowledge(answer, fields));
    }

    /** What a parameter may be filled with from the device, by its name. */
    const CHOICES = {
        channel: ({ channels }, field) =>
            channels.length > 0
                ? choices(text('pick.channels'), channelOptions(channels), field)
                : note('info', text('pick.noChannels')),
        trigger: ({ triggers }, field) =>
            triggers.length > 0
                ? choices(text('pick.events'), triggerOptions(triggers), field)
                : note('info', text('pick.noEvents')),
    };

    /** A button that fills one parameter from the device that `deviceId` gives, or nothing where none knows how. */
    function chooseButton(name, place, deviceId, field) {
        if (!Object.hasOwn(CHOICES, name)) return undefined;
        const label = text('pick.button');
        const clicked = $('<button type="button" class="red-ui-button">')
            .attr({ id: `vigia-choose-${name}`, title: label, 'aria-label': label })
            .append('<i class="fa fa-check-square-o" aria-hidden="true">');
        knowledgeButton(clicked, place, deviceId, (answer) => CHOICES[name](answer, field));
        return clicked;
    }

    return {
        ask,
        REMEDIES,
        explain,
        sentences,
        note,
        button,
        show,
        rows,
        time,
        duration,
        typedInDialog,
        typedInNode,
        testButton,
        discoverButton,
        diagnosticsButton,
        pickButton,
        chooseButton,
    };
})();
