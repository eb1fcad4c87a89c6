// Starts Node-RED in the container. The first start puts the first flow into the volume; later ones leave what is there.
import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const here = new URL('./', import.meta.url);

await copyFile(new URL('flows.json', here), '/data/flows.json', constants.COPYFILE_EXCL).catch((error) => {
  if (error.code !== 'EEXIST') throw error;
});
const { resolve } = createRequire('/opt/voice-prints/');
process.argv.push('--userDir', '/data', '--settings', new URL('settings.cjs', here).pathname);
await import(pathToFileURL(resolve('node-red/red.js')).href);
