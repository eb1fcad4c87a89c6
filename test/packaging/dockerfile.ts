import { readFileSync } from 'node:fs';

export interface Instruction {
  /** In capitals, such as RUN. */
  readonly name: string;
  /** Arguments with continued lines joined. */
  readonly text: string;
}

export interface Stage {
  readonly name: string | undefined;
  /** As written: an image, a `${ARGUMENT}` or the name of an earlier stage. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** ARG before the first FROM, with their defaults. */
  readonly args: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

/** Reads a Dockerfile without heredocs. */
export function readDockerfile(path: string | URL): Dockerfile {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '');
  const args: Record<string, string> = {};
  const stages: { name: string | undefined; from: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = '', text = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (name.toUpperCase() === 'FROM') {
      const [, from = '', stage] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(text) ?? [];
      stages.push({ name: stage, from, instructions: [] });
    } else if (stages.length === 0) {
      const [key, value = ''] = text.split('=');
      args[key!] = value;
    } else stages.at(-1)!.instructions.push({ name: name.toUpperCase(), text });
  }
  return { args, stages };
}

/** The instructions of a stage after those of the stages it is built from. */
export function instructionsOf({ stages }: Dockerfile, name: string | undefined): readonly Instruction[] {
  const stage = name === undefined ? stages.at(-1)! : stages.find((one) => one.name === name);
  if (!stage) return [];
  const base = stages.some((one) => one.name === stage.from) ? stage.from : undefined;
  const inherited = base === undefined ? [] : instructionsOf({ args: {}, stages }, base);
  return [...inherited, ...stage.instructions];
}

/** Default of an ARG anywhere in the file. */
export const argumentOf = ({ args, stages }: Dockerfile, name: string): string | undefined =>
  args[name] ??
  stages
    .flatMap(({ instructions }) => instructions)
    .find((one) => one.name === 'ARG' && one.text.startsWith(`${name}=`))
    ?.text.slice(name.length + 1);

/** Debian packages that a stage installs, sorted. */
export const debianPackagesOf = (instructions: readonly Instruction[]): readonly string[] =>
  instructions.flatMap(({ text }) =>
    [...text.matchAll(/apt-get install -y --no-install-recommends ([^&]*)/g)].flatMap(([, names]) =>
      names!.trim().split(/\s+/),
    ),
  );
