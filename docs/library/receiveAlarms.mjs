// Listens for the posts of devices ("alarm server", "listening host"), prints their events, one line of JSON each, and
// writes their pictures into a folder, until Ctrl-C.
//
//     PORT=8080 FOLDER=pictures node receiveAlarms.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { EventReader } from '@vigia/node-red-cctv/events/eventReader';
import { AlarmHost } from '@vigia/node-red-cctv/protocols/isapi/alarmHost';

const { PORT: port = '8080', BIND: bind = '0.0.0.0', FOLDER: folder = 'pictures' } = process.env;
mkdirSync(folder, { recursive: true });

const reader = new EventReader({
    via: 'alarm-http',
    device: {},
    onOccurrence: ({ event, pictures }) => {
        // The names are safe to write: they are made of what is known of the event, not taken from the device.
        const names = pictures.map(({ filename, data }) => {
            writeFileSync(join(folder, filename), data);
            return filename;
        });
        console.log(JSON.stringify({ ...event, pictures: names }));
    },
    onUnreadable: (_part, reason) => console.error(`left out: ${reason}`),
});

const host = new AlarmHost({
    allow: [],
    maxBody: 32 * 1024 * 1024,
    answer: 'at-once',
    onPost: ({ parts, source, receivedAt, truncated }) =>
        reader.body({ parts, receivedFrom: source, receivedAt, truncated }),
    onRejected: ({ source, fault }) => console.error(`${source}: ${fault.message}`),
});

const server = createServer((request, response) => host.handle(request, response));
server.listen(Number(port), bind, () => console.error(`listening on port ${server.address().port}`));

process.once('SIGINT', () => {
    host.close();
    reader.close();
    server.close();
    server.closeAllConnections();
});
