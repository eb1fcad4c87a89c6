/** Names that Windows keeps for devices, whatever follows the dot. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

const escaped = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/**
 * Name of a tenant's folder, another one for each tenant. Dots are escaped: a folder `..` would be the parent. Windows and macOS take
 * `Home` and `home` for the same folder, so capitals are escaped there, and Windows' names of devices.
 */
export function tenantFolder(tenantId: string, platform: NodeJS.Platform = process.platform): string {
  const name = encodeURIComponent(tenantId).replaceAll('.', escaped);
  if (platform !== 'win32' && platform !== 'darwin') return name;
  return name
    .replace(/%[\dA-F]{2}|[A-Z]/g, (found) => (found.length === 1 ? escaped(found) : found))
    .replace(DEVICE, (device) => escaped(device[0]!) + device.slice(1));
}
