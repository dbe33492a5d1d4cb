import { between, pick, type Random } from './random';

/** Countries whose plates a simulated camera reads, with the pattern of a plate: `A` a letter, `0` a digit. */
const PATTERNS = ['AAA0A00', 'AAA0000'];

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

export function somePlate(random: Random): string {
    return pick(random, PATTERNS).replace(/[A0]/g, (sign) =>
        sign === 'A' ? pick(random, [...LETTERS]) : String(between(random, 0, 9)),
    );
}

/**
 * The payload of an `ANPR` event as number-plate cameras send it (three public fixtures), vendor's typos included.
 *
 * @param list `whiteList`, `blackList` or empty
 */
export function anprPayload(plate: string, random: Random, list = ''): object {
    const rect = { X: between(random, 300, 500), Y: between(random, 500, 700), width: 120, height: 40 };
    const vehicle = { X: rect.X - 200, Y: rect.Y - 300, width: 520, height: 420 };
    const picture = (fileName: string, type: string) => ({
        fileName,
        type,
        dataType: 0,
        plateRect: rect,
        vehicelRect: vehicle,
    });
    return {
        ANPR: {
            country: 76,
            licensePlate: plate,
            line: between(random, 1, 2),
            direction: pick(random, ['forward', 'reverse']),
            confidenceLevel: between(random, 85, 99),
            plateType: 'unknown',
            plateColor: 'white',
            licenseBright: 0,
            vehicleType: 'vehicle',
            vehicleListName: list,
            vehicleInfo: {
                index: 1,
                vehicleType: 1,
                color: pick(random, ['white', 'black', 'silver', 'red']),
                speed: 0,
            },
            pictureInfoList: {
                pictureInfo: [
                    picture('licensePlatePicture.jpg', 'licensePlatePicture'),
                    picture('detectionPicture.jpg', 'detectionPicture'),
                ],
            },
        },
        UUID: Array.from({ length: 32 }, () => between(random, 0, 15).toString(16)).join(''),
        picNum: 2,
    };
}
