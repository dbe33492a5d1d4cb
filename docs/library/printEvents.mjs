// Prints the events of one device, one line of JSON each, until Ctrl-C. Its pictures are named, not printed.
//
//     DEVICE_HOST=192.168.1.64 DEVICE_USER=admin DEVICE_PASSWORD=… node printEvents.mjs
import { EventReader } from '@vigia/node-red-cctv/events/eventReader';
import { HttpClient } from '@vigia/node-red-cctv/protocols/http/client';
import { AlertStream } from '@vigia/node-red-cctv/protocols/isapi/alertStream';

const { DEVICE_HOST: host, DEVICE_PORT: port, DEVICE_USER: username, DEVICE_PASSWORD: password } = process.env;
if (!host) {
    console.error(
        'DEVICE_HOST, DEVICE_USER and DEVICE_PASSWORD say which device; DEVICE_PORT, too, where it is not 80.',
    );
    process.exit(2);
}

const reader = new EventReader({
    via: 'alertstream',
    device: { address: host },
    onOccurrence: ({ event, pictures }) => {
        const names = pictures.map(({ filename }) => filename);
        console.log(JSON.stringify({ ...event, pictures: names }));
    },
    onUnreadable: (_part, reason) => console.error(`left out: ${reason}`),
});

// The client logs in, and asks no second time with a password that was refused.
const client = new HttpClient({
    protocol: 'http',
    host,
    port: port ? Number(port) : undefined,
    auth: 'auto',
    username,
    password,
});

// The stream is opened again for ever, until it is closed.
const stream = new AlertStream({
    open: (request) => client.open(request),
    mode: 'auto',
    watchdog: 60,
    listener: {
        onPart: (part) => reader.part(part),
        onOpened: (at, via) => reader.opened(at, via),
        onConnection: ({ state, fault }) => console.error(fault ? `${state}: ${fault.message}` : state),
        onLost: ({ kind, bytes }) => console.error(`lost ${bytes} bytes: ${kind}`),
    },
});

process.once('SIGINT', async () => {
    await stream.close();
    reader.close();
    client.close();
});
stream.start();
