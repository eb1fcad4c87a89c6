import { checkHealth, type HealthCheck, healthProblem } from '../../index.js';
import type { Command } from '../command.js';
import { segmentationOption } from '../options/openEngine.js';
import { numberOption, textOption } from '../options/parseCommandLine.js';
import { storePlace } from '../options/storePlace.js';
import { errorAnswer, printResult, table } from '../output/output.js';

/** Those of `serve`. */
const PORTS = { port: 8_080, 'grpc-port': 50_051 } as const;
const range = { least: 1, most: 65_535, isWhole: true };

export const doctor: Command = {
  name: 'doctor',
  summary: 'Check this machine and the store: runtime, models, decoders, GStreamer, database, ports, disk',
  operands: '',
  arity: [0, 0],
  options: {
    port: { value: 'PORT', about: 'Port of REST to look at (default 8080)' },
    'grpc-port': { value: 'PORT', about: 'Port of gRPC to look at (default 50051)' },
    ...segmentationOption,
  },
  example: 'voice-prints doctor --json',
  notes: `A line for each thing: ok, note (something optional is missing) or FAIL, and what to do about it. Every model has to answer
once. Nothing is changed, but for a database without our tables, which are made, and one without a key, which is sealed with VOICE_PRINTS_KEY.
Exit code 1 where something needed does not work.`,
  async run(args, terminal) {
    const checks = await checkHealth({
      ...storePlace(args, terminal.env),
      encryptionKey: terminal.env.VOICE_PRINTS_KEY || undefined,
      model: textOption(args, 'model'),
      segmentation: textOption(args, 'segmentation') || undefined,
      ports: [
        numberOption(args, 'port', range) ?? PORTS.port,
        numberOption(args, 'grpc-port', range) ?? PORTS['grpc-port'],
      ],
      signal: terminal.signal,
    });
    const problem = healthProblem(checks);
    const answer = { isGood: problem === undefined, checks, ...(problem ? errorAnswer(problem) : {}) };
    printResult(args, terminal, answer, table(checks.flatMap(linesOf)));
    return problem;
  },
};

const WORDS = { pass: 'ok', note: 'note', fail: 'FAIL' } as const;

/** The check, and below it what to do. */
function linesOf({ check, status, found, remedy }: HealthCheck): readonly (readonly string[])[] {
  const line = [WORDS[status], check, found];
  return remedy ? [line, ['', '', `→ ${remedy}`]] : [line];
}
