/**
 * The helper process: holds the vendor's library, so that a 32-bit one can be used by a 64-bit Node-RED and a crash in
 * it ends nothing else. It speaks JSON lines on its input and output and ends when its input ends.
 */
import { Fault } from '../../errors';
import { Library, type LibraryOptions } from './library';
import { type HelperAnswer, type HelperCall, LineReader } from './lines';

let library: Library | undefined;

function loaded(): Library {
    if (!library) throw new Fault('SDK_START_FAILED', { details: { reason: 'the library is not loaded' } });
    return library;
}

async function perform({ call, arguments: values }: HelperCall): Promise<number> {
    switch (call) {
        case 'load':
            library ??= new Library(values as unknown as LibraryOptions);
            return 0;
        case 'start':
            return loaded().start();
        case 'status':
            return loaded().status();
        case 'query':
            return loaded().query(String(values.serial));
        case 'addPort':
            return loaded().addPort(String(values.serial), Number(values.remote), Number(values.local));
        case 'portStatus':
            return loaded().portStatus(Number(values.port));
        case 'removePort':
            return loaded().removePort(Number(values.port));
        case 'exit':
            return library ? library.exit() : 0;
    }
}

function answer(line: HelperAnswer): void {
    process.stdout.write(`${JSON.stringify(line)}\n`);
}

const reader = new LineReader((object) => {
    const call = object as unknown as HelperCall;
    perform(call).then(
        (result) => answer({ id: call.id, result }),
        (thrown: unknown) => {
            const { code, details } = Fault.from(thrown);
            answer({ id: call.id, fault: { code, details } });
        },
    );
});

process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => reader.feed(text));
// Node-RED is gone, however it ended: so are the tunnels.
process.stdin.on('end', () => process.exit(0));
