import { NAMESPACES } from './bodies';
import { cameraDocuments, cameraTriggers } from './cameraDocuments';
import type { DeviceProfile } from './deviceOptions';
import type { SimulatedEvent } from './eventBody';
import { EventTriggers } from './eventTriggers';
import { IoPorts } from './ioPorts';
import type { Colour } from './picture/scene';
import { VideoDevice, type VideoDeviceOptions } from './videoDevice';

export interface CameraOptions extends VideoDeviceOptions {
    /** The name of its channel; the device's name when absent. */
    channelName?: string;
    background?: Colour;
}

const PROFILE: DeviceProfile = {
    name: 'Portaria',
    model: 'DS-2CD2185FWD-I',
    serial: 'DS-2CD2185FWD-I20240101AAWR100000001',
    mac: '00:00:5e:00:53:81',
    firmware: 'V5.7.12',
    deviceType: 'IPCamera',
    namespace: NAMESPACES.hikvision,
    realm: 'IP Camera(C7321)',
};

const HABITS = {
    framing: {},
    slots: 4,
    heartbeatSeconds: 10,
    hosts: { slots: 3, capabilities: 'answered' as const },
};

/**
 * A single-lens camera of the DS-2CD line: CRLF bodies, `boundary=boundary`, a heartbeat every 10 s while nothing
 * happens, active and inactive of every event, the JPEG right after a smart event (CornerBit/HikSink,
 * toxuin/alarmserver#51).
 */
export class Camera extends VideoDevice {
    readonly io: IoPorts;
    readonly triggers: EventTriggers;
    readonly #channelName: string;
    readonly #background: Colour;
    #posted = 0;

    constructor(options: CameraOptions = {}) {
        super(PROFILE, HABITS, { lineEnd: '\r\n', ...options });
        this.#channelName = this.framing.channelName?.text ?? options.channelName ?? this.profile.name;
        this.#background = options.background ?? [70, 110, 150];
        const route = this.route.bind(this);
        this.io = new IoPorts(1, 1, route);
        this.triggers = new EventTriggers(cameraTriggers(), this.profile.namespace, route);
        for (const { path, root, content, editable } of cameraDocuments(this.#channelName)) {
            if (editable) this.editable(path, root, content);
            else this.document(path, root, () => content);
        }
    }

    channelNumbers(): number[] {
        return [1];
    }

    channelName(): string {
        return this.#channelName;
    }

    protected envelope() {
        return {
            ipAddress: this.address,
            macAddress: this.profile.mac,
            channelKey: 'channelID' as const,
            channelName: this.#channelName,
            serialNumber: this.profile.serial,
        };
    }

    /** One count over all types of a connection, as in the capture; a heartbeat carries 0. */
    protected nextCount(_event: SimulatedEvent): number {
        this.#posted += 1;
        return this.#posted;
    }

    protected background(): Colour {
        return this.#background;
    }

    protected capabilities(): object {
        return {
            SysCap: { VideoCap: { videoInputPortNums: 0 }, IOCap: { IOInputPortNums: 1, IOOutputPortNums: 1 } },
            EventCap: { isSupportMotionDetection: true, isSupportLineDetection: true, isSupportFieldDetection: true },
        };
    }
}
