import { execFile, execFileSync } from 'node:child_process';

/** curl as an independent client; `false` when it can be used, else the reason to skip. */
export const curlMissing: string | false = (() => {
    try {
        execFileSync('curl', ['--version'], { stdio: 'ignore' });
        return false;
    } catch {
        return 'curl is not installed';
    }
})();

export interface CurlAnswer {
    status: number;
    /** Everything curl reports of the exchange, request headers included. */
    trace: string;
}

/** Runs curl without any configuration of the machine; resolves with the final status. */
export function curl(...args: string[]): Promise<CurlAnswer> {
    const all = ['-q', '--noproxy', '*', '--silent', '--verbose', '--max-time', '30', '--write-out', '%{http_code}'];
    return new Promise((resolve, reject) => {
        execFile('curl', [...all, '--output', '/dev/null', ...args], (error, stdout, stderr) => {
            const status = Number(stdout.slice(-3));
            if (error && !(status > 0)) reject(error);
            else resolve({ status, trace: stderr });
        });
    });
}
