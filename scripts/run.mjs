// Runs one of our own programs from dist/, after installing and building what is missing:
// node scripts/run.mjs simulator/cli.js --help
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './setup.mjs';

const [program, ...args] = process.argv.slice(2);
prepare();
const child = spawn(process.execPath, [join(root, 'dist', program), ...args], { stdio: 'inherit' });
// Ctrl-C reaches the child through the terminal; we only wait for it to end.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
