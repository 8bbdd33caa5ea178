import type { LedgerFile } from '../ledger/ledger-file.js';
import { budgetField, budgetNames, type BudgetName } from '../ledger/ledger-layout.js';
import type { Budget } from './budget.js';
import type { GuestVm } from './guest-vm.js';

/** Shows in the ledger what each VM makes vsockd do, and how often it wanted more than it may. */
export class UsageBoard {
  /** What was used of a budget, when. */
  private readonly before = new Map<Budget, { used: number; at: number }>();

  constructor(
    private readonly ledger: LedgerFile,
    private readonly now = (): number => performance.now(),
  ) {}

  show(vm: GuestVm): void {
    const { budgets, connections } = vm;
    for (const [name, budget] of Object.entries(budgets.rates) as [
      Exclude<BudgetName, 'connections'>,
      Budget,
    ][])
      this.write(vm, name, this.perSecond(budget), budget.perSecond, budget.exceeded);
    this.write(vm, 'connections', connections.open, connections.most, connections.refused);
  }

  private perSecond(budget: Budget): number {
    const { used } = budget;
    const at = this.now();
    const before = this.before.get(budget);
    this.before.set(budget, { used, at });
    return before === undefined || at <= before.at
      ? 0
      : Math.round(((used - before.used) * 1000) / (at - before.at));
  }

  private write(vm: GuestVm, name: BudgetName, used: number, limit: number, exceeded: number): void {
    const { ledger } = this;
    const at = (field: number): number => ledger.usage(vm.ledgerIndex, budgetNames.indexOf(name), field);
    ledger.words[at(budgetField.used)] = used;
    ledger.words[at(budgetField.limit)] = limit;
    ledger.words[at(budgetField.exceeded)] = exceeded;
  }
}
