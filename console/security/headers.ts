import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { style } from '../../audit/graph/palette.ts';

/** A run's graph brings its own style, which is the same in all graphs. */
const graphStyle = `'sha256-${createHash('sha256').update(style()).digest('base64')}'`;

/** Nothing is loaded from elsewhere, and of scripts and styles only the console's own files apply. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' ${graphStyle}`,
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'Content-Security-Policy': policy,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
} as const;

/** Fences every answer, refusals among them. */
export const fenceAnswers: MiddlewareHandler = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
};
