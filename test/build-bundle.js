import { execFileSync } from 'node:child_process';

/** Builds what is deployed once, before any test: the end-to-end tests run it. */
export default function buildBundle() {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
