import { readHeaderValue } from './parameters';

/**
 * The boundary that a Content-Type declares, as declared: `multipart/mixed; boundary=boundary`, quoted or not, any case,
 * with leading dashes of its own or without. `undefined` where there is none, which some firmware of doorbells and
 * cameras sends for a stream (toxuin/alarmserver#15): the splitter then learns it from the body.
 */
export function boundaryOf(contentType: string | undefined): string | undefined {
    if (contentType === undefined) return undefined;
    const boundary = readHeaderValue(contentType).parameters.boundary?.trim();
    return boundary === '' ? undefined : boundary;
}
