import { once } from 'node:events';
import { connect } from 'node:net';
import { HONEST_KEY, openServe } from '../serveTarget.mjs';

export const open = openServe;

/** The status line of the first answer on a connection that sends these bytes. */
async function firstLine({ host, port }, bytes) {
  const socket = connect(port, host);
  socket.on('error', () => undefined);
  socket.write(bytes);
  let text = '';
  for await (const piece of socket) {
    text += piece;
    if (text.includes('\r\n')) break;
  }
  socket.destroy();
  return text.split('\r\n')[0];
}

const ask = (path, headers, body = '') =>
  `${body === '' ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: ${HONEST_KEY}\r\n${headers}\r\n\r\n${body}`;

export const attacks = {
  'an upgrade, then a reset': async (target) => {
    for (let i = 0; i < 200; i += 1) {
      const socket = connect(target.port, target.host);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(ask('/v1/speakers', 'connection: upgrade\r\nupgrade: x'), () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
  },
  'upgrades that clients merely offer': async (target) => {
    for (const offer of ['h2c', 'TLS/1.2', 'h2c, websocket']) {
      const line = await firstLine(
        target,
        ask('/v1/speakers', `connection: Upgrade, HTTP2-Settings\r\nupgrade: ${offer}`),
      );
      if (!line.includes(' 200 ')) throw new Error(`an offer of ${offer} was answered ${line}`);
    }
  },
};
