import type { Node } from 'node-red';
import { asVoicePrintsError, type Engine, engineHealth, type HealthCheck, systemHealth } from '../../src/index.js';

/** What lies outside the models is the same for every store of this process: it is looked at, and logged, once. */
let isSystemLogged = false;

/** Writes into Node-RED's log what runs the models of a store, what is missing on this machine, and what to do about it. Never rejects. */
export async function logHealth(node: Node, engine: Engine): Promise<void> {
  try {
    for (const check of await engineHealth(engine)) {
      if (check.status !== 'fail' && isOfModels(check)) node.log(lineOf(check));
    }
    if (isSystemLogged) return;
    isSystemLogged = true;
    for (const check of await systemHealth()) {
      if (check.status === 'note') node.log(lineOf(check));
      if (check.status === 'fail') node.warn(lineOf(check));
    }
  } catch (thrown) {
    node.warn(asVoicePrintsError(thrown).message);
  }
}

const isOfModels = ({ check }: HealthCheck): boolean => check === 'runtime' || check === 'models';

const lineOf = ({ check, found, remedy }: HealthCheck): string => `${check}: ${found}${remedy ? `; ${remedy}` : ''}`;
