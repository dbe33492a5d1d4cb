import type { DeviceHabits, DeviceProfile, IsapiDeviceOptions, Reported } from './deviceOptions';
import { wallClock } from './deviceTime';
import type { Emission, NamedPicture } from './emission';
import { type Envelope, eventFields, eventJson, eventXml, type SimulatedEvent } from './eventBody';
import { EventLog, type EventLogOptions } from './eventLog';
import { IsapiDevice } from './isapiDevice';
import { type Colour, drawScene } from './picture/scene';
import { addSnapshots } from './snapshots';
import type { StreamPart } from './stream/framing';

/** The file names under which devices send the pictures of an event, in their order. */
const PICTURE_NAMES: Record<string, string[]> = {
    ANPR: ['licensePlatePicture', 'detectionPicture'],
    faceCapture: ['faceImage', 'backgroundImage'],
};

export interface VideoDeviceOptions extends IsapiDeviceOptions {
    /** How its log is asked for and answers; see {@link EventLog}. */
    log?: Partial<EventLogOptions>;
}

/** What camera and recorder have in common: events as XML with their pictures behind them, snapshots, and a log. */
export abstract class VideoDevice extends IsapiDevice {
    readonly log: EventLog;

    protected constructor(
        profile: DeviceProfile,
        habits: Omit<DeviceHabits, 'heartbeat' | 'retry'> & { heartbeatSeconds: number },
        options: VideoDeviceOptions,
    ) {
        const heartbeat = {
            seconds: habits.heartbeatSeconds,
            onlyWhenIdle: true,
            part: () => this.#xmlPart(this.#compose({ type: 'videoloss', state: 'inactive' }, 0)),
        };
        super(profile, { ...habits, retry: 'loop', heartbeat }, options);
        addSnapshots(this.route.bind(this), {
            channels: () => this.channelNumbers(),
            takePicture: (channel, size) => this.takePicture(channel, size),
        });
        const source = { offset: this.offset, namespace: this.profile.namespace };
        this.log = new EventLog(options.log, source, this.route.bind(this));
    }

    abstract channelNumbers(): number[];
    abstract channelName(channel: number): string;

    /** How this family fills the envelope of an event. */
    protected abstract envelope(
        event: SimulatedEvent,
    ): Omit<Envelope, 'dateTime' | 'activePostCount' | 'portNo' | 'protocol'>;

    /** `activePostCount` of the next event: families count differently, so no client may rely on it. */
    protected abstract nextCount(event: SimulatedEvent): number;

    protected abstract background(channel: number): Colour;

    /** Reports an event on every open stream and to every listening host, and writes it into the log. */
    emit(event: SimulatedEvent): Reported {
        this.log.note(event.type, event.state ?? 'active', event.channel ?? 1, event.at ?? this.clock.now());
        const emission = this.#emission(event, this.nextCount(event));
        return this.report(emission, this.#streamParts(emission));
    }

    /** Reports an event on the streams only. */
    protected emitOnStreams(event: SimulatedEvent): void {
        const emission = this.#emission(event, this.nextCount(event));
        this.streams.send(this.#streamParts(emission), event.type);
    }

    protected heartbeat(): Emission {
        return this.#emission({ type: 'heartBeat' }, 0);
    }

    /** What is in front of a lens now, with name and clock; undefined where there is no video. */
    takePicture(channel = 1, size: { width?: number; height?: number } = {}): Buffer | undefined {
        const now = this.clock.now();
        return drawScene({
            ...size,
            title: this.channelName(channel),
            clock: wallClock(now, this.offset),
            background: this.background(channel),
            position: (now / 20_000 + channel / 7) % 1,
        });
    }

    #emission(event: SimulatedEvent, activePostCount: number): Emission {
        const fields = this.#compose(event, activePostCount);
        return {
            type: event.type,
            fields,
            xml: this.#xmlPart(fields).body,
            json: Buffer.from(eventJson(fields)),
            pictures: this.#pictures(event),
        };
    }

    #compose(event: SimulatedEvent, activePostCount: number): Record<string, unknown> {
        return eventFields(event, {
            ...this.envelope(event),
            portNo: this.port,
            protocol: this.secure ? 'HTTPS' : 'HTTP',
            dateTime: this.timeText(event.at),
            activePostCount,
        });
    }

    #xmlPart(fields: Record<string, unknown>): StreamPart {
        const { rawAmpersand, channelName } = this.framing;
        const text = eventXml(fields, { ...this.eventStyle(), lineEnd: this.lineEnd, rawAmpersand });
        return {
            contentType: 'application/xml; charset="UTF-8"',
            body: Buffer.from(text, channelName?.encoding ?? 'utf8'),
        };
    }

    /** Namespace and version of the event's root, which differ from those of the documents on recorders. */
    protected eventStyle(): { namespace: string; version: string } {
        return { namespace: this.profile.namespace, version: '2.0' };
    }

    #streamParts({ xml, pictures }: Emission): StreamPart[] {
        const event = { contentType: 'application/xml; charset="UTF-8"', body: xml! };
        return [event, ...pictures.map(pictureOnStream)];
    }

    #pictures(event: SimulatedEvent): NamedPicture[] {
        const taken = event.pictures === true ? [this.takePicture(event.channel)] : event.pictures || [];
        const names = PICTURE_NAMES[event.type] ?? ['detectionPicture'];
        return taken
            .filter((data) => data !== undefined)
            .map((data, index) => {
                const name = names[index] ?? `${names.at(-1)}${index}`;
                return { name: `${name}.jpg`, filename: `${name}.jpg`, contentId: name, data };
            });
    }
}

function pictureOnStream({ name, filename, contentId, data }: NamedPicture): StreamPart {
    const headers: [string, string][] = [['Content-Disposition', `form-data; name="${name}"; filename="${filename}"`]];
    if (contentId !== undefined) headers.push(['Content-ID', contentId]);
    return { contentType: 'image/jpeg', body: data, headers };
}
