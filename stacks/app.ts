import { App, Validations } from 'aws-cdk-lib';
import { HIPAASecurityChecks } from 'cdk-nag';
import { bundleLambdas } from './bundles.ts';
import { ConfigError, type CzarConfig, readConfig } from './config.ts';
import { addStudy } from './study.ts';
import { buildArtifacts } from './worker-artifacts.ts';

const app = new App();
const config = configOrExit();
const [artifacts] = await Promise.all([buildArtifacts(config), bundleLambdas()]);
addStudy(app, config, artifacts);
Validations.of(app).addPlugins(new HIPAASecurityChecks(app));
app.synth();

/** A wrong context is the caller's to mend, and a stack trace would hide which key it is. */
function configOrExit(): CzarConfig {
  try {
    return readConfig(app.node);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
