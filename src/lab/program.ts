import { Command, Option } from 'commander';
import { ExitCode } from '../errors/exit-code.js';
import type { ExecOptions } from './exec-program.js';
import { LabPaths } from './lab-paths.js';

interface NameOption {
  name: string;
}

export const program = new Command('vsocket-lab')
  .description('two hypervisors and six VMs of two tenants, out of this machine’s own kernel')
  .option('--debug', 'show stack traces')
  .exitOverride();

const subcommand = (usage: string, description: string): Command =>
  program
    .command(usage)
    .description(description)
    .addOption(new Option('--name <name>', 'which lab; several live side by side').default('lab'))
    .exitOverride();

// Each command loads only what it needs: `exec` is called often and must start at once.
subcommand('up', 'bring the lab up, or repair it')
  .option('--carry-without-rdma', 'flows between hosts go over the link where there is no RDMA')
  .option('--rdma', 'each hypervisor is an emulated machine (QEMU) with RDMA: Soft-RoCE')
  .action(async (options: NameOption & { carryWithoutRdma?: true; rdma?: true }) => {
    const { name, carryWithoutRdma, rdma } = options;
    const { openLab } = await import('./open-and-close.js');
    const changed = await openLab(new LabPaths(name), {
      carryWithoutRdma: carryWithoutRdma === true,
      rdma: rdma === true,
    });
    process.stdout.write(`lab ${name} ${changed ? 'is up' : 'was up already'}\n`);
  });

subcommand('down', 'take the lab down, whatever state it is in').action(async ({ name }: NameOption) => {
  const { closeLab } = await import('./open-and-close.js');
  await closeLab(new LabPaths(name));
  process.stdout.write(`lab ${name} is down\n`);
});

subcommand('status', 'what runs, with process ids and paths; exit code 1 unless all of it does')
  .addOption(new Option('-o, --output <format>', 'output').choices(['table', 'json']).default('table'))
  .action(async ({ name, output }: NameOption & { output: 'table' | 'json' }) => {
    const [{ labStatus }, { statusTable }] = await Promise.all([
      import('./status.js'),
      import('./status-table.js'),
    ]);
    const status = await labStatus(new LabPaths(name));
    process.stdout.write(output === 'json' ? `${JSON.stringify(status, null, 2)}\n` : statusTable(status));
    process.exitCode = status.state === 'up' ? ExitCode.done : ExitCode.failed;
  });

subcommand('env', 'print what a shell needs: eval "$(vsocket-lab env)"').action(
  async ({ name }: NameOption) => {
    const { shellExports } = await import('./environment.js');
    process.stdout.write(shellExports(new LabPaths(name)));
  },
);

subcommand('exec <words...>', 'run a program in a VM: vsocket-lab exec red1 -- redis-server')
  .usage('[options] <vm> -- <command...>\n       vsocket-lab exec [options] --host <host> -- <command...>')
  .option('--host <host>', 'on a hypervisor itself')
  .option('--plain', 'without the guest library')
  .option('--print', 'print the command line instead of running it')
  .action(async (words: string[], options: NameOption & ExecOptions) => {
    const { execProgram } = await import('./exec-program.js');
    await execProgram(new LabPaths(options.name), words, options);
  });
