// Loaded before node-red-dev where https://catalogue.nodered.org cannot be reached: an empty catalogue stands in for it, so
// that the checks after that request run.
const https = require('node:https');
const { PassThrough, Readable } = require('node:stream');

const HOST = 'catalogue.nodered.org';
const EMPTY = Buffer.from('{"modules":[]}');
const { request } = https;

https.request = (options, onResponse) => {
  if ((options.hostname ?? options.host) !== HOST) return request(options, onResponse);
  const response = Object.assign(Readable.from([EMPTY], { objectMode: false }), { statusCode: 200, headers: {} });
  setImmediate(() => onResponse(response));
  return Object.assign(new PassThrough(), { setTimeout() {}, abort() {} });
};
