/**
 * The buttons of `alarm-http-in`: write the address into the device and take it out again, and find out why nothing
 * arrives. They work with what is typed; passwords travel in the bodies of POST requests only.
 */
window.vigiaAlarm = (() => {
    const text = (key, values) => RED._(`@vigia/node-red-cctv/alarm-http-in:alarm-http-in.${key}`, values);
    const shared = (key, values) => RED._(`@vigia/node-red-cctv/device-config:device-config.${key}`, values);
    const { ask, explain, note, button, show, duration, typedInNode } = vigiaDevice;
    const LOOK_AGAIN_MS = 3000;
    const MOST_ADDRESSES = 10;

    /** What the open dialog says, with the device that it names. */
    function typed(node) {
        const field = (name) => $(`#node-input-${name}`);
        const config = {};
        for (const name of Object.keys(node._def.defaults)) {
            const value = field(name).length > 0 ? field(name).val() : node[name];
            config[name] = value === '_ADD_' ? '' : value;
        }
        for (const name of ['kinds', 'channels', 'heartbeats']) delete config[name];
        config.allow = vigiaEditor.readAddresses($('#vigia-allow'));
        config.proxies = vigiaEditor.readAddresses($('#vigia-proxies'));
        const credentials = { username: field('username').val(), password: field('password').val() };
        const device = typedInNode(field('device').val());
        if (device === undefined) throw new Error(shared('pick.noDevice'));
        return { id: node.id, config, credentials, device };
    }

    function failure({ fault }) {
        return fault ? note('bad', explain(fault)) : undefined;
    }

    function slotLine({ id, target, free, ours }, chosen) {
        const state = free ? text('configure.free') : ours ? text('configure.ours') : target;
        const line = $('<li>').text(text('configure.slot', { slot: id, state }));
        return id === chosen
            ? line.addClass('vigia-chosen').append($('<span>').text(` → ${text('configure.chosen')}`))
            : line;
    }

    function setUpButtons(clicked, place, node) {
        const again = (work) => show(clicked, place, shared('button.asking'), work);

        async function plan() {
            const answer = await ask('alarm-http-in/plan', typed(node));
            if (answer.fault) return failure(answer);
            const { url, slots, slot, problems } = answer;
            const shown = [
                note('info', text('configure.url')),
                $('<p class="vigia-code">').text(url),
                ...problems.map((problem) => note('mind', text(`configure.problem.${problem}`))),
                $('<ul class="vigia-slots">').append(slots.map((one) => slotLine(one, slot))),
            ];
            if (slot !== undefined) {
                shown.push(button(text('configure.write', { slot }), () => again(() => write(slot))));
            }
            if (slots.some(({ ours }) => ours)) shown.push(undoButton());
            return shown;
        }

        async function write(slot) {
            const body = typed(node);
            body.config.slot = slot;
            const answer = await ask('alarm-http-in/configure', body);
            if (answer.fault) return failure(answer);
            $('#node-input-slot').val(answer.slot).trigger('change');
            const { url, verified, test } = answer;
            const shown = [
                note(
                    verified ? 'good' : 'mind',
                    text(verified ? 'configure.written' : 'configure.unverified', { slot: answer.slot, url }),
                ),
            ];
            if (test === undefined) shown.push(note('info', text('configure.noTest')));
            else if (test.ok) shown.push(note('good', text('configure.reached')));
            else shown.push(note('mind', text('configure.notReached', { reason: test.description })));
            shown.push(undoButton());
            return shown;
        }

        const undoButton = () => button(text('configure.undo'), () => again(undo));

        async function undo() {
            const answer = await ask('alarm-http-in/release', typed(node));
            if (answer.fault) return failure(answer);
            if (!answer.released) return note('info', text('configure.nothing'));
            $('#node-input-slot').val('').trigger('change');
            return note('good', text('configure.undone', { slot: answer.slot }));
        }

        clicked.on('click', () => again(plan));
    }

    function addressLines(record, now) {
        const { address, posts, rejected, lastAt, fault } = record;
        const ago = duration(Math.round((now - lastAt) / 1000));
        const lines = [];
        if (posts > 0) lines.push(note('good', text('why.posts', { address, number: posts, ago })));
        if (rejected > 0) {
            lines.push(note('bad', `${text('why.rejected', { address, number: rejected })} ${explain(fault)}`));
        }
        return lines;
    }

    /** What Node-RED has seen itself. */
    function seenLines(seen) {
        if (!seen.deployed) return [note('mind', text('why.notDeployed'))];
        const { now, since, address, listenFault, lastEvent, addresses } = seen;
        const lines = [];
        if (listenFault) lines.push(note('bad', explain(listenFault)));
        else if (address) {
            const key = address.startsWith('/') ? 'why.listeningPath' : 'why.listening';
            lines.push(note('good', text(key, { address })));
        }
        for (const record of addresses.slice(0, MOST_ADDRESSES)) lines.push(...addressLines(record, now));
        if (addresses.length === 0) {
            lines.push(note('mind', text('why.silence', { since: duration(Math.round((now - since) / 1000)) })));
        }
        if (lastEvent) {
            const ago = duration(Math.round((now - lastEvent.at) / 1000));
            lines.push(note('good', text('why.event', { kind: kindText(lastEvent.kind), ago })));
        } else if (addresses.some(({ posts }) => posts > 0)) {
            lines.push(note('mind', text('why.filtered')));
        }
        return lines;
    }

    /** A kind in the user's language; a word of the vendor as it is. */
    function kindText(kind, otherwise = kind) {
        return vigiaEditor.known(`kinds.${kind}`, shared) ?? otherwise;
    }

    function quietText({ type, kind, channel }) {
        const name = kindText(kind, type);
        return channel === undefined ? name : `${name} (${channel})`;
    }

    /** What the device and the network say. */
    function examinedLines({ fault, url, reached, device }) {
        if (fault) return [note('bad', explain(fault))];
        const lines = [note(reached ? 'good' : 'bad', text(reached ? 'why.reachable' : 'why.unreachable', { url }))];
        if (device.fault) return [...lines, note('bad', explain(device.fault))];
        const { slot, triggers, quiet } = device;
        if (slot === undefined) lines.push(note('bad', text('why.noSlot', { url })));
        else lines.push(note('good', text('why.slot', { slot })));
        if (quiet.length > 0) lines.push(note('mind', text('why.quiet', { events: quiet.map(quietText).join(', ') })));
        else lines.push(note(triggers > 0 ? 'good' : 'info', text(triggers > 0 ? 'why.center' : 'why.noTriggers')));
        return lines;
    }

    /** A list that is looked at again while it is open; the device is asked once for each click. */
    function whyButton(clicked, place, node) {
        let round = 0;
        async function look(seenPlace, mine) {
            if (mine !== round || !seenPlace[0].isConnected) return;
            try {
                const answer = await ask('alarm-http-in/seen', { id: node.id });
                seenPlace.empty().append(answer.fault ? failure(answer) : seenLines(answer));
            } catch (problem) {
                seenPlace.empty().append(note('bad', problem.message));
            }
            setTimeout(() => look(seenPlace, mine), LOOK_AGAIN_MS);
        }
        clicked.on('click', () => {
            round += 1;
            const seenPlace = $('<div class="vigia-seen">');
            const examined = $('<div class="vigia-examined">');
            place.empty().append(seenPlace, examined);
            look(seenPlace, round);
            show(clicked, examined, shared('button.asking'), async () =>
                examinedLines(await ask('alarm-http-in/examine', typed(node))),
            );
        });
    }

    return { setUpButtons, whyButton };
})();
