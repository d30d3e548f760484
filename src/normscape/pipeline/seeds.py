"""Claims that an experiment has too few seeds to decide, told before it runs."""

from normscape.claims import claim as claims_files
from normscape.claims.cases import SAME_FUNCTION_TABLES, Case, list_cases
from normscape.claims.decision import RUNS
from normscape.claims.quantities import QUANTITIES
from normscape.experiment import Experiment
from normscape.pipeline import grid, paths
from normscape.pipeline.config import description


def undecidable(config: dict) -> list[str]:
    """A line for each claim that the experiment has runs for, but fewer than it needs."""
    papers = claims_files.read_papers(paths.claims())
    claims = [claim for paper in papers for claim in paper.claims]
    experiment = Experiment(**description(config))
    lines = []
    for case in list_cases(claims, experiment, best_rates={}):
        seeds = {norm: _seeds(config, case, norm) for norm in case.trained_norms}
        few = {norm: count for norm, count in seeds.items() if count < RUNS}
        if few and all(seeds.values()):
            counts = ", ".join(f"{count} of {norm}" for norm, count in few.items())
            lines.append(f"{case.statement}: {counts}")
    return lines


def _seeds(config, case: Case, norm) -> int:
    """How many seeds have a run of this normaliser that the claim compares."""
    table = QUANTITIES[case.claim.quantity].tables[0]
    if case.at_same_function:
        table = SAME_FUNCTION_TABLES[table]
    probe = paths.probe_behind(table)
    lr = case.rates[norm]
    return len(
        {
            cell.seed
            for cell in grid.cells(config)
            if (cell.model, cell.norm) == (case.model, norm)
            and (lr is None or cell.lr == grid.lr_text(lr))
            and (probe is None or grid.probed_steps(config, probe, cell))
        }
    )
