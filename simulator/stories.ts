import type { Clock } from '../protocols/clock';
import type { Camera } from './camera';
import type { SimulatedEvent, SimulatedRegion } from './eventBody';
import type { Nvr } from './nvr';
import { anprPayload, somePlate } from './plates';
import { between, pick, type Random } from './random';
import type { Terminal } from './terminal';

/** What happens at a device, told step by step: each yielded value is a pause in seconds. */
export type Story = Generator<number, void, void>;

/** Seconds after which something happens for the first time: nobody likes to wait for a demo. */
const FIRST = 2;

const GATE_LINE: SimulatedRegion = {
    points: [
        [424, 642],
        [161, 610],
    ],
    target: 'human',
};

const YARD: SimulatedRegion = {
    points: [
        [233, 170],
        [488, 131],
        [984, 664],
        [360, 989],
    ],
    target: 'human',
};

/**
 * Tells a story until it ends or is stopped.
 *
 * @param speed 2 halves every pause
 * @returns stops it
 */
export function tell(story: Story, clock: Clock, speed = 1): () => void {
    let cancel: () => void = () => undefined;
    const step = () => {
        const { value, done } = story.next();
        if (!done) cancel = clock.after((value * 1000) / speed, step);
    };
    step();
    return () => cancel();
}

/** Pauses that vary by half around the mean, as people do. */
function gap(random: Random, seconds: number): number {
    return seconds * (0.5 + random());
}

/** A condition that lasts: told every second while it does, then ended where the device ends it. */
function* lasting(emit: (event: SimulatedEvent) => void, event: SimulatedEvent, seconds: number, ends: boolean): Story {
    for (let second = 0; second < seconds; second++) {
        // The picture goes with the first telling.
        emit(second === 0 ? event : { ...event, pictures: false });
        yield 1;
    }
    if (ends)
        emit({ type: event.type, state: 'inactive', ...(event.channel !== undefined && { channel: event.channel }) });
}

/**
 * A camera over a gate: motion, people who cross the line or enter the yard, and number plates.
 *
 * @param seconds mean pause between two things that happen
 */
export function* gateStory(camera: Camera, seconds: number): Story {
    const { random } = camera;
    const emit = (event: SimulatedEvent) => void camera.emit(event);
    for (let mean = Math.min(seconds, FIRST); ; mean = seconds) {
        yield gap(random, mean);
        switch (pick(random, ['motion', 'crossing', 'intrusion', 'plate'])) {
            case 'motion':
                yield* lasting(emit, { type: 'VMD' }, between(random, 2, 5), true);
                break;
            case 'crossing':
                yield* lasting(emit, { type: 'linedetection', regions: [GATE_LINE], pictures: true }, 1, true);
                break;
            case 'intrusion':
                yield* lasting(
                    emit,
                    { type: 'fielddetection', regions: [YARD], pictures: true },
                    between(random, 1, 3),
                    true,
                );
                break;
            default:
                emit({ type: 'ANPR', payload: anprPayload(somePlate(random), random), pictures: twoPictures(camera) });
        }
    }
}

function twoPictures(camera: Camera): Buffer[] {
    return [camera.takePicture(1, { width: 160, height: 90 }), camera.takePicture()].filter(
        (data) => data !== undefined,
    );
}

/** A recorder: motion and intrusion on any of its channels; nothing ever ends with `inactive`. */
export function* recorderStory(nvr: Nvr, seconds: number): Story {
    const { random } = nvr;
    const emit = (event: SimulatedEvent) => void nvr.emit(event);
    for (let mean = Math.min(seconds, FIRST); ; mean = seconds) {
        yield gap(random, mean);
        const channel = pick(random, nvr.channelNumbers());
        const type = random() < 0.75 ? 'VMD' : 'fielddetection';
        yield* lasting(emit, { type, channel }, between(random, 1, 4), false);
    }
}

/** A door: people who are known, now and then one who is not, and the button on the inside. */
export function* doorStory(terminal: Terminal, seconds: number): Story {
    const { random } = terminal;
    for (let mean = Math.min(seconds, FIRST); ; mean = seconds) {
        yield gap(random, mean);
        const lot = random();
        if (lot < 0.6) terminal.admit();
        else if (lot < 0.8) terminal.deny();
        else {
            terminal.emit({ major: 5, minor: 23, door: 1 });
            yield 0.3;
            terminal.emit({ major: 5, minor: 24, door: 1 });
        }
    }
}
