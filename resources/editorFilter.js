/**
 * The rows of the nodes that bring events: which of them come out, and how. A dialog names their places, and they stand
 * in its template before Node-RED builds it, so that Node-RED fills and saves them as it does its own.
 */
window.vigiaEditor.filter ??= (() => {
    const SHARED = '@vigia/node-red-cctv/device-config:device-config';

    function row(id, icon, property, field) {
        const caption = `<i class="fa ${icon}"></i> <span data-i18n="${SHARED}.label.${property}"></span>`;
        return `<div class="form-row"><label for="${id}">${caption}</label> ${field}</div>`;
    }

    const hint = (property) => `<div class="vigia-hint" data-i18n="${SHARED}.hint.${property}"></div>`;

    function choice(icon, property, values) {
        const id = `node-input-${property}`;
        const option = (value) => `<option value="${value}" data-i18n="${SHARED}.${property}.${value}"></option>`;
        return row(id, icon, property, `<select id="${id}">${values.map(option).join('')}</select>`);
    }

    function flag(property, explanation = '') {
        const id = `node-input-${property}`;
        const caption = `<span data-i18n="${SHARED}.label.${property}"></span>`;
        const label = `<label for="${id}" class="vigia-check"><input type="checkbox" id="${id}"> ${caption}</label>`;
        return `<div class="form-row">${label}${explanation}</div>`;
    }

    const button = `<button type="button" id="vigia-pick" class="red-ui-button"
        data-i18n="[aria-label]${SHARED}.pick.button;[title]${SHARED}.pick.title"><i class="fa fa-check-square-o"
        aria-hidden="true"></i> <span data-i18n="${SHARED}.pick.button"></span></button>`;
    const channels = `<input type="text" id="vigia-channels" class="vigia-grow"
        data-i18n="[placeholder]${SHARED}.placeholder.channels">`;
    const hold = '<input type="text" id="node-input-hold">';

    const PLACES = {
        // Which events come out, and with which pictures.
        'vigia-filter': [
            row(
                'vigia-kinds',
                'fa-filter',
                'kinds',
                '<input type="text" id="vigia-kinds" style="width: var(--vigia-field)">',
            ),
            row('vigia-channels', 'fa-th-large', 'channels', `<div class="vigia-line">${channels}${button}</div>`),
            '<div id="vigia-pick-result" class="vigia-result" role="status"></div>',
            choice('fa-picture-o', 'pictures', ['with', 'separate', 'snapshot', 'none']),
        ],
        // Folded away: how often, until when, and what else.
        'vigia-filter-advanced': [
            choice('fa-repeat', 'repeat', ['edges', 'all']),
            row('node-input-hold', 'fa-hourglass-end', 'hold', hold + hint('hold')),
            choice('fa-history', 'replay', ['live', 'all', 'only']),
            flag('once', hint('once')),
            flag('heartbeats'),
        ],
    };

    /** The html of a dialog with the rows in their places. */
    function withRows(html) {
        return Object.entries(PLACES).reduce(
            (text, [place, rows]) => text.replace(`<div class="${place}"></div>`, rows.join('\n')),
            html,
        );
    }

    /** To be called before the type is registered. */
    function addRows(type) {
        const template = $(`script[data-template-name="${type}"]`);
        template.text(withRows(template.text()));
    }

    /** Fills the fields that are not properties by themselves; the device is the one that the dialog names. */
    function prepare(node) {
        vigiaEditor.kinds($('#vigia-kinds'), node.kinds);
        vigiaEditor.channels($('#vigia-channels'), node.channels);
        vigiaDevice.pickButton($('#vigia-pick'), $('#vigia-pick-result'), () => $('#node-input-device').val());
    }

    function save(node) {
        node.kinds = vigiaEditor.readKinds($('#vigia-kinds'));
        node.channels = vigiaEditor.readChannels($('#vigia-channels'));
    }

    return { withRows, addRows, prepare, save };
})();
