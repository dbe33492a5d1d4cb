/**
 * Small pictures below the messages of the debug sidebar. It gets only the beginning of a Buffer, by which the runtime
 * finds the whole among the last pictures that it sent. Needs the hook of Node-RED 4.1.6; before it, nothing is shown.
 */
window.vigiaDebugPictures = (() => {
    const text = (key, values) => RED._(`@vigia/node-red-cctv/vigia:${key}`, values);
    const HOOK = 'debugPostProcessMessage.vigia';
    const THUMBNAIL = 240;
    /** Pictures of one message, and of all messages that are shown. */
    const MOST_PER_MESSAGE = 6;
    const MOST = 60;
    /** Values of one message that are looked at, and how deep. */
    const MOST_VALUES = 2000;
    const DEEPEST = 5;
    /** Bytes by which a picture is asked for. */
    const LONGEST_HEAD = 1000;
    const SHORTEST = 64;

    const images = [];
    let near;
    let later;

    const BEGINNINGS = [
        { type: 'image/jpeg', bytes: [0xff, 0xd8, 0xff] },
        { type: 'image/png', bytes: [0x89, 0x50, 0x4e, 0x47] },
        { type: 'image/gif', bytes: [0x47, 0x49, 0x46, 0x38] },
        { type: 'image/webp', bytes: [0x52, 0x49, 0x46, 0x46] },
    ];

    function pictureOf(bytes, length) {
        if (length < SHORTEST) return undefined;
        const known = BEGINNINGS.find((beginning) => beginning.bytes.every((byte, index) => bytes[index] === byte));
        return known && { type: known.type, length, bytes };
    }

    /** The Buffers of a message that are pictures, as far as the debug sidebar knows them. */
    function picturesIn(payload, format) {
        const whole = /^buffer\[(\d+)\]$/.exec(format);
        if (whole) return [pictureOf(payload, Number(whole[1]))].filter(Boolean);
        const found = [];
        let left = MOST_VALUES;
        const look = (value, depth) => {
            left -= 1;
            if (typeof value !== 'object' || value === null || depth > DEEPEST || left < 0) return;
            if (value.type === 'Buffer' && Array.isArray(value.data)) {
                const picture = pictureOf(value.data, value.length ?? value.data.length);
                if (picture && found.length < MOST_PER_MESSAGE) found.push(picture);
                return;
            }
            for (const each of Object.values(value)) look(each, depth + 1);
        };
        look(payload, 0);
        return found;
    }

    async function load({ type, length, bytes }) {
        if (bytes.length === length) return new Blob([Uint8Array.from(bytes)], { type });
        const head = bytes
            .slice(0, LONGEST_HEAD)
            .map((byte) => byte.toString(16).padStart(2, '0'))
            .join('');
        const response = await window.vigiaPictures.ask('vigia/picture', {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ length, head }),
        });
        // Not one of the last pictures of this pack: there is nothing more to show than the debug sidebar does.
        return response.ok ? response.blob() : undefined;
    }

    async function show(image, picture) {
        try {
            const blob = await load(picture);
            if (blob === undefined) throw new Error('unknown picture');
            image.src = await window.vigiaPictures.thumbnail(blob, THUMBNAIL);
            image.classList.remove('vigia-debug-waiting');
        } catch {
            // Broken, or gone: no frame without a picture.
            image.remove();
        }
    }

    function place(picture) {
        const image = document.createElement('img');
        image.alt = text('debug.picture', { bytes: picture.length });
        image.title = image.alt;
        image.className = 'vigia-debug-picture vigia-debug-waiting';
        image.vigiaPicture = picture;
        near.observe(image);
        images.push(image);
        if (images.length > MOST) {
            const oldest = images.shift();
            near.unobserve(oldest);
            oldest.remove();
        }
        return image;
    }

    function onMessage({ message, element, payload }) {
        const pictures = picturesIn(payload, String(message.format ?? ''));
        if (pictures.length === 0) return;
        $('<div class="vigia-debug-pictures">').append(pictures.map(place)).appendTo(element);
    }

    /** Only what can be seen is asked for. */
    function cameNear(entries) {
        for (const { target, isIntersecting } of entries) {
            if (!isIntersecting) continue;
            near.unobserve(target);
            const picture = target.vigiaPicture;
            delete target.vigiaPicture;
            later(async () => {
                // Newer messages may have taken its place meanwhile.
                if (images.includes(target)) await show(target, picture);
            });
        }
    }

    function add() {
        if (RED.settings.vigia?.debugPictures === false) return;
        near = new IntersectionObserver(cameNear);
        later = window.vigiaPictures.queue(2);
        RED.hooks.add(HOOK, onMessage);
    }

    function remove() {
        near?.disconnect();
        RED.hooks.remove('*.vigia');
    }

    return { add, remove };
})();
