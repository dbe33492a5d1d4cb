// A Node-RED to try the pack in: a user folder inside the checkout, the demo flow, simulated devices. No hardware needed.
import { spawn } from 'node:child_process';
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { giveUp, prepare, root } from './setup.mjs';

const HOST = '127.0.0.1';
const port = readPort(process.env.PORT ?? '1880');
const userDir = join(root, '.node-red');

prepare();
const { startDemo, DEMO_PORTS, DEMO_LOGIN } = await import(pathToFileURL(join(root, 'dist', 'simulator', 'demo.js')));
const { startP2pDemo } = await import(pathToFileURL(join(root, 'dist', 'simulator', 'p2pDemo.js')));
const isup = await import(pathToFileURL(join(root, 'dist', 'simulator', 'isupDemo.js')));
await requireFree(port, 'Node-RED', `Set another one: PORT=${port + 1} npm start`);
for (const [device, devicePort] of Object.entries(DEMO_PORTS)) {
    await requireFree(devicePort, `the simulated ${device}`, 'The demo flow expects it there: stop the other program.');
}
await requireFree(isup.DEMO_ISUP_PORT, 'the ISUP listener', 'The demo flow opens it there: stop the other program.');
prepareUserDir();
const demo = await startDemo({ alarmUrl: { terminal: 'http://127.0.0.1:18080/alarm/terminal' } });
const p2pDemo = await startP2pDemo().catch((error) =>
    giveUp(
        `The simulated P2P cloud cannot be opened (${error.code ?? error.message}): another program holds its UDP port.`,
    ),
);
const isupDemo = isup.startIsupDemo();
const nodeRed = spawn(
    process.execPath,
    [
        join(root, 'node_modules', 'node-red', 'red.js'),
        '--userDir',
        userDir,
        '--settings',
        join(userDir, 'settings.js'),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
);

let announced = false;
nodeRed.stdout.on('data', (chunk) => {
    process.stdout.write(chunk);
    if (!announced && chunk.includes('Started flows')) {
        announced = true;
        console.log(`\n  Vigia is ready: open http://${HOST}:${port} in a browser. Ctrl-C ends it.\n`);
    }
});
nodeRed.on('exit', (code) => {
    Promise.all([demo.close(), p2pDemo.close(), isupDemo.close()]).finally(() =>
        process.exit(stopping ? 0 : (code ?? 1)),
    );
});

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
        stopping = true;
        nodeRed.kill(signal);
    });
}

function readPort(text) {
    const number = Number(text);
    if (!Number.isInteger(number) || number < 1 || number > 65535) giveUp(`PORT=${text} is not a port number.`);
    return number;
}

/** Ends with a clear sentence where somebody else already listens: Node-RED's own message is easily overlooked. */
function requireFree(wanted, who, advice) {
    return new Promise((resolve) => {
        const probe = createServer();
        probe.once('error', (error) => {
            const why =
                error.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be opened (${error.code})`;
            giveUp(`Port ${wanted} for ${who} ${why}. ${advice}`);
        });
        probe.listen(wanted, HOST, () => probe.close(resolve));
    });
}

/** Written once: what the user changes in the editor stays. */
function prepareUserDir() {
    const scope = join(userDir, 'node_modules', '@vigia');
    mkdirSync(scope, { recursive: true });
    const link = join(scope, 'node-red-cctv');
    if (!existsSync(link)) symlinkSync(root, link, 'junction');
    keep('package.json', JSON.stringify({ private: true, dependencies: { '@vigia/node-red-cctv': 'file:..' } }));
    keep('secret', randomBytes(32).toString('hex'));
    const secret = readFileSync(join(userDir, 'secret'), 'utf8');
    const settings = {
        uiHost: HOST,
        uiPort: port,
        flowFile: 'flows.json',
        credentialSecret: secret,
        telemetry: { enabled: false },
        editorTheme: { tours: false, projects: { enabled: false } },
    };
    writeFileSync(join(userDir, 'settings.js'), `module.exports = ${JSON.stringify(settings, null, 4)};\n`);
    if (existsSync(join(userDir, 'flows.json'))) return;
    const flows = JSON.parse(readFileSync(join(root, 'examples', 'Demo with simulated devices.json'), 'utf8'));
    writeFileSync(join(userDir, 'flows.json'), JSON.stringify(flows, null, 4));
    // An exported flow holds no passwords, so those of the simulated devices are put where Node-RED keeps them.
    const devices = flows.filter((node) => node.type === 'device-config');
    const credentials = Object.fromEntries(devices.map((node) => [node.id, DEMO_LOGIN]));
    for (const node of flows.filter(({ type }) => type === 'isup-in')) {
        credentials[node.id] = { key: isup.DEMO_ISUP_KEY };
    }
    writeFileSync(join(userDir, 'flows_cred.json'), encrypted(credentials, secret));
}

/** As Node-RED keeps credentials: AES-256-CTR under the hash of the secret, the IV in front. */
function encrypted(credentials, secret) {
    const key = createHash('sha256').update(secret).digest();
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-256-ctr', key, iv);
    const text = cipher.update(JSON.stringify(credentials), 'utf8', 'base64') + cipher.final('base64');
    return JSON.stringify({ $: iv.toString('hex') + text });
}

function keep(name, text) {
    if (!existsSync(join(userDir, name))) writeFileSync(join(userDir, name), text);
}
