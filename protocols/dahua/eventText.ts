import { readJson } from '../isapi/readJson';

const MAX_CHARACTERS = 1024 * 1024;
const MAX_EVENTS = 256;
/** `Code=VideoMotion;action=Start;index=0`, with `;data=` and JSON behind it for most codes. */
const HEAD = /(?:^|\n)[ \t]*Code=([\w.-]{1,64});([^\r\n]{0,200}?)(?:;data=|;?[ \t]*(?=\r?\n|$))/g;

/**
 * The events of one part of `eventManager.cgi?action=attach` or of a text that an access controller posts (Dahua HTTP API
 * guide). The JSON behind `data=` goes over several lines and may hold `;` and `=`; a part may hold several events.
 *
 * @returns `{Code, Action, Index, Data}` each, under the names of the JSON form; nothing for any other text
 */
export function readEventText(text: string): Record<string, unknown>[] {
    if (text.length > MAX_CHARACTERS) return [];
    const events: Record<string, unknown>[] = [];
    const heads = [...text.matchAll(HEAD)].slice(0, MAX_EVENTS);
    heads.forEach((head, position) => {
        const event: Record<string, unknown> = { Code: head[1]! };
        for (const pair of head[2]!.split(';')) {
            const mark = pair.indexOf('=');
            const name = pair.slice(0, Math.max(0, mark)).trim().toLowerCase();
            if (name === 'action') event.Action = pair.slice(mark + 1).trim();
            if (name === 'index') event.Index = pair.slice(mark + 1).trim();
        }
        const start = head.index + head[0].length;
        const end = heads[position + 1]?.index ?? text.length;
        if (head[0].endsWith(';data=')) event.Data = readJson(text.slice(start, end));
        events.push(event);
    });
    return events;
}
