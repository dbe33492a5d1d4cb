import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { dhProbe, readDhAnswer } from '../../../protocols/discovery/dhDiscover';
import { inContainer, isContainerNetwork, searchInterfaces } from '../../../protocols/discovery/interfaces';
import { readSadpAnswer, sadpProbe } from '../../../protocols/discovery/sadp';
import { DeviceSearch, type SearchOptions } from '../../../protocols/discovery/search';

const LOOPBACK = { name: 'lo', address: '127.0.0.1' };

const MATCH = `<?xml version="1.0" encoding="UTF-8"?>
<ProbeMatch><Uuid>13A888A9-F1B1-4020-AE9F-05607682D23B</Uuid><Types>inquiry</Types><DeviceType>10789</DeviceType>
<DeviceDescription>DS-2CD2185FWD-I</DeviceDescription><DeviceSN>DS-2CD2185FWD-I20240101AAWR100000001</DeviceSN>
<CommandPort>8000</CommandPort><HttpPort>80</HttpPort><MAC>00-00-5E-00-53-81</MAC>
<IPv4Address>127.0.0.1</IPv4Address><SoftwareVersion>V5.7.12build 240101</SoftwareVersion><Activated>false</Activated>
</ProbeMatch>`;

/** As the answers published by rroller/dahua and UniversalScanner. */
function dhAnswer(info: object, mac = '00:00:5e:00:53:90'): Buffer {
    const body = Buffer.from(
        `${JSON.stringify({ mac, method: 'client.notifyDevInfo', params: { deviceInfo: info } })}\n\0`,
    );
    const header = Buffer.alloc(32);
    header[0] = 32;
    header.write('DHIP', 4, 'latin1');
    header.writeUInt32LE(body.length, 16);
    header.writeUInt32LE(body.length, 24);
    return Buffer.concat([header, body]);
}

const RECORDER = {
    DeviceClass: 'NVR',
    DeviceType: 'NVD 1408',
    HttpPort: 8080,
    IPv4Address: { DhcpEnable: true, IPAddress: '127.0.0.1' },
    MachineName: 'Garagem',
    SerialNo: '6F0000000000001',
    Vendor: 'Intelbras',
    Version: '4.000.00IB002.0.R',
};

describe('the search for devices', () => {
    const sockets: Socket[] = [];
    afterEach(() => {
        for (const socket of sockets.splice(0)) socket.close();
    });

    /** A device on loopback that answers every datagram with these. */
    async function responder(...answers: (string | Buffer)[]) {
        const socket = createSocket('udp4');
        sockets.push(socket);
        const heard: Buffer[] = [];
        socket.on('message', (question, { port, address }) => {
            heard.push(question);
            for (const answer of answers) socket.send(answer, port, address);
        });
        socket.bind(0, '127.0.0.1');
        await once(socket, 'listening');
        return { heard, target: { address: '127.0.0.1', port: (socket.address() as AddressInfo).port } };
    }

    const search = (options: SearchOptions) =>
        new DeviceSearch({ interfaces: [LOOPBACK], answerPort: null, container: false, duration: 400, ...options });

    it('finds both makes, each device once however often it answers', async () => {
        const camera = await responder(MATCH, MATCH);
        const recorder = await responder(dhAnswer(RECORDER));
        const targets = () => ({ sadp: [camera.target], dahua: [recorder.target] });
        const { devices, problems } = await search({ targets }).run();
        assert.deepEqual(problems, []);
        assert.equal(devices.length, 2);
        assert.deepEqual(
            devices.find(({ vendor }) => vendor === 'hikvision'),
            {
                protocol: 'sadp',
                vendor: 'hikvision',
                address: '127.0.0.1',
                httpPort: 80,
                model: 'DS-2CD2185FWD-I',
                serial: 'DS-2CD2185FWD-I20240101AAWR100000001',
                mac: '00:00:5e:00:53:81',
                firmware: 'V5.7.12build 240101',
                activated: false,
                heardOn: 'lo',
            },
        );
        assert.deepEqual(
            devices.find(({ vendor }) => vendor === 'dahua'),
            {
                protocol: 'dhdiscover',
                vendor: 'dahua',
                address: '127.0.0.1',
                httpPort: 8080,
                name: 'Garagem',
                model: 'NVD 1408',
                serial: '6F0000000000001',
                mac: '00:00:5e:00:53:90',
                firmware: '4.000.00IB002.0.R',
                heardOn: 'lo',
            },
        );
        assert.ok(camera.heard.length > 1, 'a lost question is no lost device');
        assert.match(String(camera.heard[0]), /<Uuid>[0-9A-F-]{36}<\/Uuid>\s*<Types>inquiry<\/Types>/);
    });

    it('tells once a second how many have answered and how long it still takes', async () => {
        const camera = await responder(MATCH);
        const told: [number, number][] = [];
        const progress = (found: number, left: number) => told.push([found, left]);
        const targets = () => ({ sadp: [camera.target], dahua: [] });
        await search({ targets, progress, duration: 2500 }).run();
        assert.deepEqual(
            told.map(([, left]) => left),
            [2500, 1500, 500],
        );
        assert.equal(told[0]![0], 0);
        assert.equal(told.at(-1)![0], 1);
    });

    it('is not disturbed by what is no answer', async () => {
        const nonsense = [
            Buffer.alloc(0),
            Buffer.from([0xff]),
            Buffer.alloc(9000, 0x3c),
            '<ProbeMatch>',
            '<ProbeMatch/>',
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><Envelope/>',
            sadpProbe('13A888A9-F1B1-4020-AE9F-05607682D23B'),
            dhProbe(),
            dhAnswer({}).subarray(0, 40),
            Buffer.concat([dhProbe().subarray(0, 32), Buffer.from('{"params":{"deviceInfo":["x"]}')]),
            dhAnswer(JSON.parse('{"__proto__":{"polluted":true},"DeviceType":{"a":1},"HttpPort":"99999"}')),
        ];
        const { target } = await responder(...nonsense, MATCH);
        const { devices } = await search({ targets: () => ({ sadp: [target], dahua: [] }) }).run();
        assert.deepEqual(devices.map(({ serial }) => serial).filter(Boolean), ['DS-2CD2185FWD-I20240101AAWR100000001']);
        assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    });

    it('keeps to a number of devices', async () => {
        const many = Array.from({ length: 30 }, (_none, index) =>
            dhAnswer({ ...RECORDER, SerialNo: `S${index}` }, `00:00:5e:00:53:${String(10 + index)}`),
        );
        const { target } = await responder(...many);
        const { devices } = await search({ limit: 7, targets: () => ({ sadp: [], dahua: [target] }) }).run();
        assert.equal(devices.length, 7);
    });

    it('says that nothing answered, that there is no network, or that a container has no way out', async () => {
        const { target } = await responder();
        const targets = () => ({ sadp: [target], dahua: [target] });
        assert.deepEqual((await search({ targets, duration: 50 }).run()).problems, [{ reason: 'nothing-answered' }]);
        assert.deepEqual((await search({ interfaces: [] }).run()).problems, [{ reason: 'no-interface' }]);
        const bridge = { name: 'eth0', address: '172.17.0.2' };
        const boxed = await search({ interfaces: [bridge], container: true, duration: 50, targets }).run();
        assert.equal(boxed.problems[0]?.reason, 'container');
    });

    it('says that the port of the answers is taken, and goes on without', async () => {
        const holder = createSocket('udp4');
        sockets.push(holder);
        holder.bind(0);
        await once(holder, 'listening');
        const { port } = holder.address();
        const { target } = await responder(MATCH);
        const options = { answerPort: port, targets: () => ({ sadp: [target], dahua: [] }) };
        const { devices, problems } = await search(options).run();
        assert.deepEqual(problems, [{ reason: 'port-busy', port }]);
        assert.equal(devices.length, 1);
    });

    it('ends at once when it is closed', async () => {
        const { target } = await responder(MATCH);
        const running = search({ duration: 3_600_000, targets: () => ({ sadp: [target], dahua: [] }) });
        const report = running.run();
        await new Promise((resolve) => setTimeout(resolve, 100));
        running.close();
        assert.equal((await report).devices.length, 1);
    });
});

describe('what devices answer', () => {
    it('is read behind bytes of another framing, and in other words', () => {
        const prefixed = Buffer.concat([Buffer.from([0x21, 2, 1, 0x42]), Buffer.from(MATCH)]);
        assert.equal(readSadpAnswer(prefixed, '192.0.2.7')?.model, 'DS-2CD2185FWD-I');
        const bare = '<ProbeMatch><DeviceSN>X</DeviceSN><IPv4Address>0.0.0.0</IPv4Address></ProbeMatch>';
        assert.deepEqual(readSadpAnswer(Buffer.from(bare), '192.0.2.7'), {
            protocol: 'sadp',
            vendor: 'hikvision',
            address: '192.0.2.7',
            serial: 'X',
        });
        assert.equal(readDhAnswer(dhAnswer({ DeviceType: 'VTO2000A' }), '192.0.2.8')?.address, '192.0.2.8');
    });

    it('has the question of Dahua in 32 bytes and JSON, with the length twice', () => {
        const probe = dhProbe();
        assert.equal(probe.toString('latin1', 0, 8), '\x20\0\0\0DHIP');
        assert.equal(probe.readUInt32LE(16), probe.length - 32);
        assert.equal(probe.readUInt32LE(24), probe.length - 32);
        assert.deepEqual(JSON.parse(probe.toString('utf8', 32)), {
            method: 'DHDiscover.search',
            params: { mac: '', uni: 1 },
        });
    });
});

describe('the interfaces of a search', () => {
    it('are those that lead to a network, with the address of everybody on it', () => {
        const address = (text: string, netmask: string, internal = false) => ({
            address: text,
            netmask,
            family: 'IPv4' as const,
            mac: '',
            internal,
            cidr: null,
        });
        const found = searchInterfaces({
            lo: [address('127.0.0.1', '255.0.0.0', true)],
            eth0: [address('192.168.5.20', '255.255.252.0')],
            tun0: [address('10.8.0.2', '255.255.255.255')],
        });
        assert.deepEqual(found, [
            { name: 'eth0', address: '192.168.5.20', broadcast: '192.168.7.255' },
            { name: 'tun0', address: '10.8.0.2' },
        ]);
        assert.ok(isContainerNetwork({ name: 'eth0', address: '172.17.0.2' }));
        assert.ok(!isContainerNetwork(found[0]!));
        assert.ok(inContainer((path) => path === '/.dockerenv'));
    });
});
