/** A JPEG that belongs to an event, under the three keys by which devices tie the two (ISAPI guide: pId, contentID, fileName). */
export interface NamedPicture {
    name: string;
    filename: string;
    contentId?: string;
    data: Buffer;
}

/** An event as a device reports it, before it is framed for a stream or a push. */
export interface Emission {
    /** The vendor's word. */
    type: string;
    /** The name of the event's own part in a post; that of its type by default. */
    partName?: string;
    fields: Record<string, unknown>;
    /** Undefined where the device speaks JSON only. */
    xml: Buffer | undefined;
    json: Buffer;
    pictures: NamedPicture[];
}
