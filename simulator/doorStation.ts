import { wallClock } from './deviceTime';
import { addIntercom, type Intercom } from './intercom';
import { drawScene } from './picture/scene';
import { addSnapshots } from './snapshots';
import { Terminal, type TerminalOptions } from './terminal';
import { addTwoWayAudio, type TwoWayChannel, type TwoWayOptions } from './twoWayAudio';

export interface DoorStationOptions extends TerminalOptions {
    audio?: TwoWayOptions;
    /** The call status stays idle whatever happens (firmware 3.7 on, pergolafabio/Hikvision-Addons#260). */
    silentStatus?: boolean;
}

/** A stand-in for a door station: a terminal with a bell, a call, a loudspeaker, a microphone and a lens (KV6124 project). */
export class DoorStation extends Terminal {
    readonly intercom: Intercom;
    readonly audio: TwoWayChannel;

    constructor({ audio, silentStatus = false, ...options }: DoorStationOptions = {}) {
        super({
            ...options,
            doors: { commands: ['open', 'alwaysOpen', 'resume'], ...options.doors },
            profile: {
                name: 'PORTEIRO',
                model: 'DS-KV6124-E1',
                serial: 'DS-KV6124-E120240101V030900ENG12345678',
                firmware: 'V3.9.0',
                // A tab and three letters: what one really says of itself.
                deviceType: '\tVis',
                ...options.profile,
            },
        });
        this.intercom = addIntercom(this, { silent: silentStatus });
        this.audio = addTwoWayAudio(this, audio);
        addSnapshots(this.route.bind(this), {
            channels: () => [1],
            takePicture: (_channel, size) => {
                const clock = wallClock(this.clock.now(), this.offset);
                return drawScene({ ...size, title: this.profile.name, clock, background: [90, 100, 90] });
            },
        });
    }

    /** Somebody presses the button: the call rings, and the log says so (5/37). */
    ring(): void {
        this.intercom.ring();
        this.emit({ major: 5, minor: 37 });
    }
}
