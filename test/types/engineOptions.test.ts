import { expectTypeOf, test } from 'vitest';
import type { EngineOptions } from '../../src/index.js';
import { createEngine } from '../../src/index.js';

/** Checked by the compiler, not by running: what nobody may write must not compile. */
test('options are typed: nonsense does not compile', () => {
  expectTypeOf(createEngine).parameter(0).toEqualTypeOf<EngineOptions>();
  expectTypeOf<{ storeDirectory: string; falseAcceptPercent: 'banana' }>().not.toExtend<EngineOptions>();
  expectTypeOf<{ storeDirectory: string; workerThreads: { a: 1 } }>().not.toExtend<EngineOptions>();
  expectTypeOf<{ storeDirectory: string; falseAcceptPercent: 2 }>().not.toExtend<EngineOptions>();
  expectTypeOf<{ falseAcceptPercent: 1 }>().not.toExtend<EngineOptions>();
  expectTypeOf<{ storeDirectory: string; falseAcceptPercent: 5; keepAudio: true }>().toExtend<EngineOptions>();
  // @ts-expect-error an option that does not exist
  const misspelt: EngineOptions = { storeDirectory: 'store', falseAcceptPercnt: 1 };
  expectTypeOf(misspelt).toEqualTypeOf<EngineOptions>();
});
