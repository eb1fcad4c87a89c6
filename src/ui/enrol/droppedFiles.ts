/** A file and the folder it lay in, where it was in one. */
export interface FoundFile {
  readonly file: File;
  readonly folder: string | undefined;
}

/** Files of one person: those of one folder, or those that lay in none. */
export interface FileGroup {
  readonly folder: string | undefined;
  readonly files: readonly File[];
}

/** Folders that are dropped may be large by mistake. */
const MOST_FILES = 500;

/** Everything that was dropped, folders included. */
export async function filesOfDrop(transfer: DataTransfer): Promise<readonly FoundFile[]> {
  // The entries are only there until the first await.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found: FoundFile[] = [];
  for (const entry of entries) await collect(entry, undefined, found);
  return found;
}

/** What an input chose; where it chose a folder, each file with the folder right above it. */
export const filesOfInput = (files: FileList | null): readonly FoundFile[] =>
  [...(files ?? [])].map((file) => ({ file, folder: file.webkitRelativePath.split('/').at(-2) }));

/** One group for each folder, by name; files without one first. */
export function groupsOf(found: readonly FoundFile[]): readonly FileGroup[] {
  const groups = new Map<string | undefined, File[]>();
  for (const { file, folder } of found) {
    if (file.name.startsWith('.')) continue; // what systems leave in folders
    groups.set(folder, [...(groups.get(folder) ?? []), file]);
  }
  return [...groups]
    .map(([folder, files]) => ({ folder, files }))
    .sort((a, b) => (a.folder ?? '').localeCompare(b.folder ?? ''));
}

async function collect(entry: FileSystemEntry, folder: string | undefined, found: FoundFile[]): Promise<void> {
  if (found.length >= MOST_FILES) return;
  if (entry.isFile) {
    const file = await new Promise<File>((done, refuse) => (entry as FileSystemFileEntry).file(done, refuse));
    found.push({ file, folder });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const next = () => new Promise<FileSystemEntry[]>((done, refuse) => reader.readEntries(done, refuse));
  // Each call yields some of them, an empty one all.
  for (let part = await next(); part.length > 0; part = await next()) {
    for (const inner of part) await collect(inner, entry.name, found);
  }
}
