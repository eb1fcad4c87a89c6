import { textsOf } from '../../shared/editor/texts.js';

const text = textsOf('speaker-store');

/** Why a request failed, for the person at the dialog. */
export function reasonOf(response: JQuery.jqXHR, notDeployed = text('people.notDeployed')): string {
  const { code, message }: { code?: string; message?: string } = response.responseJSON?.error ?? {};
  if (response.status === 404 && code === 'CONFIG_INVALID') return notDeployed;
  if (response.status === 401 || response.status === 403) return text('people.forbidden');
  return message ?? text('people.unreachable');
}

/** Requests a change of the store; on failure the editor shows the reason. */
export const send = (type: 'POST' | 'DELETE', url: string, data?: object): JQuery.jqXHR =>
  $.ajax({ url, type, ...(data && { contentType: 'application/json', data: JSON.stringify(data) }) }).fail(
    (response: JQuery.jqXHR) => RED.notify(reasonOf(response), 'error'),
  );
