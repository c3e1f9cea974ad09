// Connects to Elasticsearch as Kibana does with its settings, which come as JSON: https://www.elastic.co/guide/en/kibana/8.19/settings.html
'use strict';
const fs = require('fs');
const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const ssl = (name) => settings['elasticsearch.ssl.' + name];
const read = (file) => file && fs.readFileSync(file, 'utf8');

const ca = list(ssl('certificateAuthorities')).map(read); // all files are read when it starts
const cert = read(ssl('certificate'));
const key = read(ssl('key'));
const mode = ssl('verificationMode') || 'full';
if (!['full', 'certificate', 'none'].includes(mode)) {
  throw new Error('verificationMode ' + mode);
}
const options = { rejectUnauthorized: mode !== 'none', timeout: 120000 };
if (ca.length) {
  options.ca = ca;
}
if (mode === 'certificate') {
  options.checkServerIdentity = () => undefined;
}
if (String(ssl('alwaysPresentCertificate')) === 'true') { // else requests of people go without it
  Object.assign(options, { cert, key, passphrase: ssl('keyPassphrase') });
}
for (const host of list(settings['elasticsearch.hosts'] || 'http://localhost:9200')) {
  const url = new URL(host);
  const request = require(url.protocol.slice(0, -1)).request(url, options, (response) => response.resume());
  request.on('error', (error) => {
    console.error(host, error.code, error.message);
    process.exitCode = 1;
  });
  request.end();
}
