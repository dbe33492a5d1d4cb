import type { HttpResponse } from '../../protocols/http/client';
import { readAnswer } from '../../protocols/isapi/answer';
import type { IsapiRequest } from '../../protocols/isapi/request';
import { type DeviceClock, readDeviceClock } from '../../protocols/operations/deviceClock';

/** What a device takes for now and where it thinks it stands; nothing where its offset is not certain. @throws Fault */
export async function askClock(
    ask: (request: IsapiRequest) => Promise<HttpResponse>,
    signal: AbortSignal,
): Promise<DeviceClock | undefined> {
    return readDeviceClock(readAnswer(await ask({ path: '/ISAPI/System/time', signal }), 'object'));
}
