import type { Command } from 'commander';
import { kmsSigner } from '../../audit/bundle/kms-signer.ts';
import { fingerprint } from '../../audit/verify/signature-checks.ts';
import { openDeployment } from '../deployment.ts';
import { runCommand } from '../run-command.ts';

const epilogue = `
The fingerprint is the SHA-256 of the key's DER (SPKI). Whoever verifies evidence has
to get it from somebody they trust, and not from the evidence.`;

/** `czar evidence key`: the key that signs the deployment's evidence, and its fingerprint. */
export function addEvidenceKeyCommand(evidence: Command): void {
  evidence
    .command('key')
    .summary("print the deployment's public key, and its fingerprint")
    .description("Prints the public key that the deployment's evidence is signed with, as PEM.")
    .addHelpText('after', epilogue)
    .action((_options: unknown, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const { kms, settings } = await openDeployment(study);
        const publicKeyPem = await kmsSigner(kms, settings.evidenceKeyArn).publicKeyPem();
        const keyFingerprint = fingerprint(publicKeyPem);
        const keyArn = settings.evidenceKeyArn;
        output.result(
          { keyArn, keyFingerprint, publicKeyPem },
          `${publicKeyPem}fingerprint: ${keyFingerprint}`,
        );
      }),
    );
}
