"""Optuna driven by ask and tell, with the three ways of treating a configuration that fails."""

import math
import warnings

import optuna

from .recorded import Done, factors, parameter_values

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def nearest(batches, wanted):
    return min(batches, key=lambda batch: abs(math.log(batch / wanted)))


def suggest_arm(trial, arms):
    """Precision and layout apart, where the arms are their combinations."""
    combinations = factors(arms)
    values = parameter_values(combinations)
    return combinations[tuple(trial.suggest_categorical(*item) for item in values.items())]


def any_batch(trial, table):
    """A row somewhere between the table's smallest and largest batch, even in its logarithm."""
    arm = suggest_arm(trial, table.arms)
    every = [row.batch for row in table.rows]
    # In multiples of what the batches have in common: no two suggestions mean the same row.
    step = math.gcd(*every)
    units = trial.suggest_int("batch", min(every) // step, max(every) // step, log=True)
    return table.at[arm, nearest(table.batches[arm], units * step)]


def batch_that_fits(trial, table):
    """Told the exact frontier, and which arms have none: u in [0, 1] over ln of what fits."""
    fitting = {arm: table.largest_ok(arm) for arm in table.arms}
    arm = suggest_arm(trial, [arm for arm in table.arms if fitting[arm]])
    batches = [batch for batch in table.batches[arm] if batch <= fitting[arm]]
    low, high = math.log(batches[0]), math.log(batches[-1])
    u = trial.suggest_float("u", 0, 1)
    return table.at[arm, nearest(batches, math.exp(low + u * (high - low)))]


def tell_failure(study, trial, _worst):
    study.tell(trial, state=optuna.trial.TrialState.FAIL)


def tell_penalty(study, trial, worst):
    # TPE goes by ranks alone: before the first success any number beyond all energies does.
    study.tell(trial, 10 * worst if worst else 1e9)


def search(run, sampler, suggest, tell_failed, transform=float):
    study = optuna.create_study(sampler=sampler)
    worst = None
    try:
        while True:
            trial = study.ask()
            reading = run.measure(suggest(trial, run.table))
            if reading is None:
                tell_failed(study, trial, worst)
            else:
                worst = max(worst or 0, reading)
                study.tell(trial, transform(reading))
    except Done:
        return


def tpe_naive(run, seed):
    search(run, optuna.samplers.TPESampler(seed=seed), any_batch, tell_failure)


def tpe_penalty(run, seed):
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    search(run, sampler, any_batch, tell_penalty)


def tpe_bmax(run, seed):
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    search(run, sampler, batch_that_fits, tell_failure)


def gp_bmax(run, seed):
    sampler = optuna.samplers.GPSampler(seed=seed)
    search(run, sampler, batch_that_fits, tell_failure)


def gp_log_bmax(run, seed):
    """Told the logarithm, as suits a process with Gaussian noise of a constant share."""
    sampler = optuna.samplers.GPSampler(seed=seed)
    search(run, sampler, batch_that_fits, tell_failure, transform=math.log)


PEERS = {
    "optuna_tpe_naive": tpe_naive,
    "optuna_tpe_penalty": tpe_penalty,
    "optuna_tpe_bmax": tpe_bmax,
    "optuna_gp_bmax": gp_bmax,
    "optuna_gp_log_bmax": gp_log_bmax,
}
