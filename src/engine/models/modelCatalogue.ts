import { VoicePrintsError } from '../../core/errors.js';

/** A published model that `models add NAME` fetches: one ONNX file, or an archive that holds it. */
export interface CatalogueModel {
  /** What the user types, and the id in the store. */
  readonly name: string;
  readonly kind: 'speaker' | 'segmentation';
  readonly about: string;
  /** Of the weights, as their publisher states it. */
  readonly licence: string;
  readonly address: string;
  /** Size of what lies at the address. */
  readonly bytes: number;
  /** SHA-256 of the ONNX file; undefined where none is known. */
  readonly sha256?: string;
  /** Where that checksum is from. */
  readonly checksumFrom?: string;
}

const RELEASES = 'https://github.com/k2-fsa/sherpa-onnx/releases/download';
/** The tag is spelt this way. */
const SPEAKER_RELEASE = `${RELEASES}/speaker-recongition-models`;
const RECORDED = 'recorded by several projects that use this release';

/**
 * Facts as publishers state them; nothing of these files is part of this package. Exports by sherpa-onnx hold the metadata that
 * describes their front end; that of ReDimNet2 computes its 72 mel bands in the graph, from the waveform.
 */
export const MODEL_CATALOGUE: readonly CatalogueModel[] = [
  {
    name: 'campplus',
    kind: 'speaker',
    about: 'CAM++ of 3D-Speaker, Chinese and English, 192 dimensions',
    licence: 'Apache-2.0',
    address: `${SPEAKER_RELEASE}/3dspeaker_speech_campplus_sv_zh_en_16k-common_advanced.onnx`,
    bytes: 28_281_164,
    sha256: 'aa3cfc16963a10586a9393f5035d6d6b57e98d358b347f80c2a30bf4f00ceba2',
    checksumFrom: RECORDED,
  },
  {
    name: 'wespeaker-campplus-lm',
    kind: 'speaker',
    about: 'CAM++ of WeSpeaker, VoxCeleb, large-margin fine-tuned, 512 dimensions',
    licence: 'CC-BY-4.0',
    address: `${SPEAKER_RELEASE}/wespeaker_en_voxceleb_CAM%2B%2B_LM.onnx`,
    bytes: 29_292_687,
    sha256: 'e197af7e9d473030cf486b3124149a19bf37014d0e4485e4c70c483b0ec10cb2',
    checksumFrom: RECORDED,
  },
  {
    name: 'wespeaker-resnet34-lm',
    kind: 'speaker',
    about: 'ResNet34 of WeSpeaker, VoxCeleb, large-margin fine-tuned, 256 dimensions',
    licence: 'CC-BY-4.0',
    address: `${SPEAKER_RELEASE}/wespeaker_en_voxceleb_resnet34_LM.onnx`,
    bytes: 26_530_550,
    sha256: 'e9848563da86f263117134dfd7ad63c92355b37de492b55e325400c9d9c39012',
    checksumFrom: RECORDED,
  },
  {
    name: 'eres2netv2',
    kind: 'speaker',
    about: 'ERes2NetV2 of 3D-Speaker, Chinese, 192 dimensions',
    licence: 'Apache-2.0',
    address: `${SPEAKER_RELEASE}/3dspeaker_speech_eres2netv2_sv_zh-cn_16k-common.onnx`,
    bytes: 71_441_526,
    sha256: 'bf1a75b9930474cf3389ef415e6e5d38ca96fea4a3a00f7e301d080a58ee2239',
    checksumFrom: RECORDED,
  },
  {
    name: 'redimnet2-b3',
    kind: 'speaker',
    about: 'ReDimNet2-B3 of Palabra.ai, VoxCeleb2, large-margin fine-tuned, 192 dimensions, takes the waveform',
    licence: 'MIT',
    address:
      'https://huggingface.co/soulmachine/evertranscript-redimnet2-b3-vox2-lm/resolve/main/redimnet2-b3-vox2-lm.onnx',
    bytes: 18_045_013,
    sha256: 'dcecdce7d52bbd4739b24d0874359ec564d43f4b3a392f0104f505593b566d41',
    checksumFrom: "stated in its publisher's own program",
  },
  {
    name: 'pyannote-segmentation-3.0',
    kind: 'segmentation',
    about: 'segmentation-3.0 of pyannote, as sherpa-onnx exports it',
    licence: 'MIT',
    address: `${RELEASES}/speaker-segmentation-models/sherpa-onnx-pyannote-segmentation-3-0.tar.bz2`,
    bytes: 6_958_444,
    sha256: '220ad67ca923bef2fa91f2390c786097bf305bceb5e261d4af67b38e938e1079',
    checksumFrom: RECORDED,
  },
];

export const inCatalogue = (name: string): CatalogueModel | undefined =>
  MODEL_CATALOGUE.find((model) => model.name === name);

/**
 * Where a model of the catalogue is fetched from: its address, or the file of that name in a mirror.
 *
 * @param mirror http(s) URL of a folder with copies of the files; undefined: the publisher
 * @throws VoicePrintsError CONFIG_INVALID for a mirror that is no such URL
 */
export function addressOf({ address }: CatalogueModel, mirror: string | undefined): string {
  if (mirror === undefined || mirror === '') return address;
  const file = new URL(address).pathname.split('/').at(-1)!;
  const folder = URL.canParse(mirror) ? new URL(mirror) : undefined;
  if (folder?.protocol === 'https:' || folder?.protocol === 'http:') return `${mirror.replace(/\/+$/, '')}/${file}`;
  throw new VoicePrintsError(
    'CONFIG_INVALID',
    'the mirror for models is not an http or https URL; correct VOICE_PRINTS_MODEL_MIRROR',
  );
}
