import { ACCESS_OPERATIONS } from './access';
import { AUDIO_OPERATIONS } from './audio';
import { CHANNEL_OPERATIONS } from './channels';
import { DAHUA_OPERATIONS } from './dahua';
import { DETECTION_OPERATIONS } from './detection';
import { DEVICE_OPERATIONS } from './device';
import { IMAGE_OPERATIONS } from './image';
import { INTERCOM_OPERATIONS } from './intercom';
import { IO_OPERATIONS } from './io';
import { LISTENING_HOST_OPERATIONS } from './listeningHost';
import type { Operations } from './operation';
import { PANEL_OPERATIONS } from './panel';
import { PEOPLE_OPERATIONS } from './people';
import { PICTURE_OPERATIONS } from './pictures';
import { PTZ_OPERATIONS } from './ptz';
import { RECORDING_OPERATIONS } from './recordings';

/** Every ready operation by its id. Saved flows hold the ids: they change by migration only. */
export const OPERATIONS: Operations = {
    ...DEVICE_OPERATIONS,
    ...CHANNEL_OPERATIONS,
    ...PICTURE_OPERATIONS,
    ...PTZ_OPERATIONS,
    ...IO_OPERATIONS,
    ...DETECTION_OPERATIONS,
    ...IMAGE_OPERATIONS,
    ...LISTENING_HOST_OPERATIONS,
    ...ACCESS_OPERATIONS,
    ...PEOPLE_OPERATIONS,
    ...INTERCOM_OPERATIONS,
    ...AUDIO_OPERATIONS,
    ...RECORDING_OPERATIONS,
    ...PANEL_OPERATIONS,
    ...DAHUA_OPERATIONS,
};
