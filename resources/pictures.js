/** What the Devices sidebar and the pictures in the debug sidebar share: asking the runtime, and small pictures. */
window.vigiaPictures = (() => {
    /** Relative, so that it works below any root path; with the token of the login, which no link could carry. */
    function ask(path, options = {}) {
        const token = RED.settings.get('auth-tokens')?.access_token;
        const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
        return fetch(`${RED.settings.apiRootUrl ?? ''}${path}`, { cache: 'no-store', ...options, headers });
    }

    /** A small copy as a data URL, so that nothing of the large picture stays. Rejects where it is no picture. */
    async function thumbnail(blob, width) {
        const bitmap = await createImageBitmap(blob, { resizeWidth: width, resizeQuality: 'medium' });
        const canvas = document.createElement('canvas');
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
        canvas.getContext('2d').drawImage(bitmap, 0, 0);
        bitmap.close();
        return canvas.toDataURL('image/jpeg', 0.8);
    }

    /** Runs jobs, so many at a time. Each begins one day: one that nobody needs any more has to return at once. */
    function queue(atATime) {
        const waiting = [];
        let running = 0;
        async function next() {
            if (running >= atATime || waiting.length === 0) return;
            running += 1;
            await waiting.shift()();
            running -= 1;
            next();
        }
        return (job) => {
            waiting.push(job);
            next();
        };
    }

    return { ask, thumbnail, queue };
})();
