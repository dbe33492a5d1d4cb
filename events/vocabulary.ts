import type { Family, Vendor } from './deviceEvent';

/** What we call a vendor's event type. */
export interface VocabularyEntry {
    /** Lower-case words joined by hyphens: what flows compare with. */
    kind: string;
    family: Family;
    /** True where the type tells of an instant (a plate, a card), not of a condition that begins and ends. */
    instant: boolean;
}

/** kind, family, `instant` or `lasting`, then the vendor's spellings in lower case. */
export type VocabularyRow = [kind: string, family: Family, span: 'instant' | 'lasting', types: string];

/**
 * Hikvision's eventType words. Sources: ISAPI guide; the event tables of mezz64/pyHik, maciej-or/hikvision_next and
 * Supergiovane/node-red-contrib-hikvision-ultimate; trigger lists of real devices. Tampering and picture quality are
 * the health of a camera; what people do (running, tailing, falling) is watched like a perimeter.
 */
const HIKVISION: VocabularyRow[] = [
    ['motion', 'motion', 'lasting', 'vmd motiondetection vmdhumanvehicle'],
    ['pir', 'motion', 'lasting', 'pir wlsensor'],

    ['line-crossing', 'perimeter', 'lasting', 'linedetection'],
    ['intrusion', 'perimeter', 'lasting', 'fielddetection'],
    ['region-entrance', 'perimeter', 'lasting', 'regionentrance'],
    ['region-exit', 'perimeter', 'lasting', 'regionexiting'],
    ['loitering', 'perimeter', 'lasting', 'loitering'],
    ['gathering', 'perimeter', 'lasting', 'group'],
    ['fast-moving', 'perimeter', 'lasting', 'rapidmove'],
    ['parking', 'perimeter', 'lasting', 'parking'],
    ['unattended-baggage', 'perimeter', 'lasting', 'unattendedbaggage'],
    ['object-removal', 'perimeter', 'lasting', 'attendedbaggage'],
    ['thrown-object', 'perimeter', 'lasting', 'objectsthrowndetection'],
    ['duration', 'perimeter', 'lasting', 'duration'],
    ['behaviour', 'perimeter', 'lasting', 'behavior'],
    ['violent-motion', 'perimeter', 'lasting', 'violentmotion'],
    ['tailing', 'perimeter', 'lasting', 'trial'],
    ['person-entered', 'perimeter', 'lasting', 'humanenter'],
    ['operation-overtime', 'perimeter', 'lasting', 'operateovertime'],
    ['sticker-attached', 'perimeter', 'lasting', 'stickup'],
    ['scanner-installed', 'perimeter', 'lasting', 'installscanner'],
    ['abnormal-face', 'perimeter', 'lasting', 'facedetect'],
    ['fall', 'perimeter', 'lasting', 'faildown'],
    ['absence', 'perimeter', 'lasting', 'leaveposition'],
    ['people-number-change', 'perimeter', 'lasting', 'peoplenumchange'],
    ['overstay', 'perimeter', 'lasting', 'retention'],
    ['running', 'perimeter', 'lasting', 'running'],
    ['getting-up', 'perimeter', 'lasting', 'getup'],
    ['climbing', 'perimeter', 'lasting', 'advreachheight'],

    ['access', 'access', 'instant', 'accesscontrollerevent'],
    ['card', 'access', 'instant', 'cardmatch'],
    ['id-card', 'access', 'instant', 'idcardinfoevent'],
    ['qr-code', 'access', 'instant', 'qrcodeevent'],
    ['certificate', 'access', 'instant', 'certificatecaptureevent'],
    ['user-change', 'access', 'instant', 'localuserchange'],
    ['voice-talk', 'access', 'instant', 'voicetalkevent'],
    ['intercom', 'access', 'instant', 'videointercom videointercomevent'],
    // These two come as an AccessControllerEvent, told apart by its code.
    ['doorbell', 'access', 'instant', ''],
    ['call', 'access', 'instant', ''],

    ['plate', 'vehicle', 'instant', 'anpr vehicledetection hvtvehicledetection vehiclercogresult vehiclematchresult'],
    ['plate-list', 'vehicle', 'instant', 'blacklist whitelist blackvehiclelist whitevehiclelist othervehiclelist'],
    ['vehicle-control', 'vehicle', 'instant', 'vehiclecontrol'],
    ['abandoned-object', 'vehicle', 'lasting', 'aid_abandonedobject abandonedobject'],
    ['pedestrian', 'vehicle', 'lasting', 'aid_pedestrian pedestrian'],
    ['congestion', 'vehicle', 'lasting', 'aid_congestion congestion'],
    ['road-block', 'vehicle', 'lasting', 'aid_roadblock roadblock'],
    ['road-works', 'vehicle', 'lasting', 'aid_construction construction'],
    ['traffic-accident', 'vehicle', 'lasting', 'aid_trafficaccident trafficaccident'],
    ['fog', 'vehicle', 'lasting', 'aid_fogdetection fogdetection'],
    ['illegal-parking', 'vehicle', 'instant', 'tfs_illegalparking illegalparking'],
    ['wrong-direction', 'vehicle', 'instant', 'tfs_wrongdirection wrongdirection'],
    ['lane-crossing', 'vehicle', 'instant', 'tfs_crosslane crosslane'],
    ['lane-change', 'vehicle', 'instant', 'tfs_lanechange lanechange'],
    ['vehicle-present', 'vehicle', 'instant', 'tfs_vehicleexist vehicleexist'],
    ['u-turn', 'vehicle', 'instant', 'tfs_turnround turnround'],
    ['parallel-parking', 'vehicle', 'instant', 'tfs_parallelparking parallelparking'],
    ['traffic-statistics', 'vehicle', 'instant', 'tps'],
    ['overspeed', 'vehicle', 'instant', 'overspeed'],
    ['abnormal-acceleration', 'vehicle', 'instant', 'abnormalacceleration'],

    ['face-detection', 'face', 'lasting', 'facedetection'],
    ['face-capture', 'face', 'instant', 'facesnap facecapture mtd_face'],
    [
        'face-comparison',
        'face',
        'instant',
        'alarmresult facecontrast facecontrastsuccess facecontrastfailure blacklistfacecontrast whitelistfacecontrast picturecapturecomparision',
    ],
    ['face-modelling', 'face', 'instant', 'facesnapmodeling'],
    ['face-library', 'face', 'instant', 'facelib'],
    ['human', 'face', 'instant', 'peopledetection humanrecognition targetcapture'],
    ['human-attributes', 'face', 'instant', 'humanattribute'],
    ['mixed-target', 'face', 'instant', 'mixedtargetdetection mtd_human mtd_vehicle mtd_nonmotor'],

    ['people-counting', 'counting', 'instant', 'peoplecounting counting framespeoplecounting'],
    ['queue', 'counting', 'instant', 'personqueuedetection'],
    ['crowd-density', 'counting', 'instant', 'persondensitydetection'],
    ['heatmap', 'counting', 'instant', 'heatmap heatmappdc heatmapduration'],
    ['intersection-analysis', 'counting', 'instant', 'intersectionanalysis'],

    ['temperature', 'thermal', 'lasting', 'thermometry temperature temperaturedetection'],
    ['temperature-alarm', 'thermal', 'lasting', 'tma hightempalarm'],
    ['temperature-pre-alarm', 'thermal', 'lasting', 'tmpa'],
    ['temperature-difference', 'thermal', 'lasting', 'tda'],
    ['fire', 'thermal', 'lasting', 'firedetection'],
    ['smoke', 'thermal', 'lasting', 'smokedetection'],
    ['smoke-and-fire', 'thermal', 'lasting', 'smokeandfiredetection'],
    ['ship', 'thermal', 'lasting', 'shipsdetection'],

    ['audio-exception', 'audio', 'lasting', 'audioexception'],
    ['audio-detection', 'audio', 'lasting', 'audiodetection'],
    ['audio-loss', 'audio', 'lasting', 'audioloss'],
    ['sound-rise', 'audio', 'lasting', 'suddenrise'],

    ['alarm-input', 'io', 'lasting', 'io'],
    ['soft-input', 'io', 'lasting', 'softio'],
    ['local-alarm', 'io', 'lasting', 'localalarm'],

    ['alarm-panel', 'panel', 'instant', 'cidevent cidalarm videoreview'],
    ['zone', 'panel', 'instant', 'zoneupdate zoneevent'],
    ['radar-target', 'panel', 'instant', 'multiradartargetevent'],
    ['help-call', 'panel', 'instant', 'callhelp'],

    ['video-loss', 'health', 'lasting', 'videoloss'],
    ['tamper', 'health', 'lasting', 'shelteralarm tamperdetection tamper hide block'],
    ['scene-change', 'health', 'lasting', 'scenechangedetection'],
    ['defocus', 'health', 'lasting', 'defocus defocusdetection'],
    [
        'video-quality',
        'health',
        'lasting',
        'badvideo cameraangleanormaly luma chroma snow streak freeze siglose clarity jitter flowers noise ghost purple icr protectivefilm',
    ],
    ['disk-full', 'health', 'lasting', 'diskfull'],
    ['disk-error', 'health', 'lasting', 'diskerror'],
    ['disk-unformatted', 'health', 'lasting', 'diskunformat'],
    ['storage', 'health', 'lasting', 'storagedetection'],
    ['raid-failure', 'health', 'lasting', 'raidfailure'],
    ['recording-failure', 'health', 'lasting', 'recordingfailure'],
    ['network-broken', 'health', 'lasting', 'nicbroken networkdisconnected'],
    ['ip-conflict', 'health', 'lasting', 'ipconflict'],
    ['illegal-login', 'health', 'lasting', 'illaccess'],
    ['video-mismatch', 'health', 'lasting', 'videomismatch'],
    ['resolution-mismatch', 'health', 'lasting', 'resolutionmismatch'],
    ['fan-failure', 'health', 'lasting', 'fanfailure'],
    ['overheat', 'health', 'lasting', 'overheat'],
    ['spare-exception', 'health', 'lasting', 'spareexception'],
    ['poe-power', 'health', 'lasting', 'poepowerexception'],
    ['certificate-revoked', 'health', 'lasting', 'certificaterevocation'],
    ['heartbeat', 'health', 'instant', 'heartbeat'],

    ['pos', 'unknown', 'instant', 'pos'],
    ['roi', 'unknown', 'lasting', 'roi'],
    ['intellitrace', 'unknown', 'lasting', 'intellitrace'],
    ['lora', 'unknown', 'lasting', 'lora'],
    ['other', 'unknown', 'lasting', 'other'],
];

/** Codes of Dahua and Intelbras devices, in lower case (public event tables: rroller/dahua; Dahua HTTP API guide). */
const DAHUA: VocabularyRow[] = [
    ['motion', 'motion', 'lasting', 'videomotion smartmotionhuman smartmotionvehicle'],
    ['line-crossing', 'perimeter', 'lasting', 'crosslinedetection'],
    ['intrusion', 'perimeter', 'lasting', 'crossregiondetection'],
    ['loitering', 'perimeter', 'lasting', 'wanderdetection'],
    ['gathering', 'perimeter', 'lasting', 'rioterdetection'],
    ['fast-moving', 'perimeter', 'lasting', 'movedetection'],
    ['parking', 'perimeter', 'lasting', 'parkingdetection'],
    ['unattended-baggage', 'perimeter', 'lasting', 'leftdetection'],
    ['object-removal', 'perimeter', 'lasting', 'takenawaydetection'],
    ['access', 'access', 'instant', 'accesscontrol'],
    ['door', 'access', 'instant', 'doorstatus'],
    ['forced-door', 'access', 'lasting', 'breakin'],
    ['door-held-open', 'access', 'lasting', 'doornotclosed'],
    ['duress', 'access', 'instant', 'duress'],
    ['doorbell', 'access', 'instant', 'invite doorbell'],
    ['plate', 'vehicle', 'instant', 'trafficjunction trafficsnapshot'],
    ['face-detection', 'face', 'lasting', 'facedetection'],
    ['face-comparison', 'face', 'instant', 'facerecognition'],
    ['people-counting', 'counting', 'instant', 'numberstat'],
    ['temperature-alarm', 'thermal', 'lasting', 'heatimagingtemper'],
    ['fire', 'thermal', 'lasting', 'firewarning'],
    ['smoke', 'thermal', 'lasting', 'smokedetection'],
    ['audio-exception', 'audio', 'lasting', 'audiomutation'],
    ['audio-loss', 'audio', 'lasting', 'audioanomaly'],
    ['alarm-input', 'io', 'lasting', 'alarmlocal'],
    ['video-loss', 'health', 'lasting', 'videoloss'],
    ['tamper', 'health', 'lasting', 'videoblind'],
    ['scene-change', 'health', 'lasting', 'scenechange'],
    ['defocus', 'health', 'lasting', 'videounfocus'],
    ['video-quality', 'health', 'lasting', 'videoabnormaldetection'],
    ['disk-full', 'health', 'lasting', 'storagelowspace'],
    ['disk-error', 'health', 'lasting', 'storagefailure'],
    ['storage', 'health', 'lasting', 'storagenotexist'],
    ['network-broken', 'health', 'lasting', 'netabort'],
    ['ip-conflict', 'health', 'lasting', 'ipconflict macconflict'],
    ['illegal-login', 'health', 'instant', 'loginfailure'],
    ['heartbeat', 'health', 'instant', 'heartbeat'],
];

/** The table of each vendor, also for the page in docs/. */
export const VOCABULARY: Record<Vendor, readonly VocabularyRow[]> = { hikvision: HIKVISION, dahua: DAHUA };

function index(rows: readonly VocabularyRow[]): Map<string, VocabularyEntry> {
    const entries = new Map<string, VocabularyEntry>();
    for (const [kind, family, span, types] of rows) {
        for (const type of types.split(' ')) {
            if (type !== '') entries.set(type, { kind, family, instant: span === 'instant' });
        }
    }
    return entries;
}

const TABLES: Record<Vendor, Map<string, VocabularyEntry>> = { hikvision: index(HIKVISION), dahua: index(DAHUA) };

/** Kinds become topics and file names: a type that is longer than any real one is cut there. */
const LONGEST_KIND = 64;

/**
 * Looks up a vendor's event type, in any case, with or without the number some devices put behind it
 * (`facedetection-1`, CornerBit/HikSink#8). What the table lacks keeps its own name in lower case and has the family
 * `unknown`: it is delivered, never dropped.
 */
export function lookUp(type: string, vendor: Vendor = 'hikvision'): VocabularyEntry {
    const table = TABLES[vendor];
    const word = type.trim().toLowerCase();
    const known = table.get(word) ?? table.get(word.replace(/-\d{1,5}$/, ''));
    return known ?? { kind: word.slice(0, LONGEST_KIND) || 'unknown', family: 'unknown', instant: false };
}
