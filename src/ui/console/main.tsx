import { render } from 'preact';
import { Console } from './console.js';

const page = document.documentElement;
const base = location.origin + location.pathname.replace(/\/(live\/?)?$/, '');
const isSignedIn = page.dataset.key === 'none';
const body = document.getElementById('console');
if (body !== null) render(<Console base={base} isSignedIn={isSignedIn} />, body);
