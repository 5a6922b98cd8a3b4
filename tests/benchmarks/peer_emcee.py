#!/usr/bin/env python3
"""Evaluations per second of tallfit's posteriors against emcee with a NumPy likelihood over the rows.

usage: peer_emcee.py TALLFIT [rows] [columns] [steps of emcee] [gaussian|student_t]

Both sample the same model of the same size, one after the other on one core. tallfit's time is that of the stage
`sample` of fit.json, warm-up included; what comes before it (one pass over the rows) is printed, too. Needs emcee and
NumPy, which are no dependencies of the project.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
import emcee
import numpy as np

tallfit = sys.argv[1]
n, k, steps = (int(a) for a in (sys.argv[2:5] + ["1000000", "100", "3"][len(sys.argv) - 2:]))
wanted = sys.argv[5:] or ["gaussian", "student_t"]


def peer(log_density, dimensions):
    """Evaluations per second of emcee's stretch move with the fewest walkers."""
    walkers = 2 * dimensions
    start = np.random.default_rng(1).normal(size=(walkers, dimensions)) * 1e-3
    sampler = emcee.EnsembleSampler(walkers, dimensions, log_density)
    begin = time.perf_counter()
    sampler.run_mcmc(start, steps)
    return walkers * (steps + 1) / (time.perf_counter() - begin)


def peer_autocorrelation(dimensions, steps=20000):
    """Evaluations of emcee's stretch move for each effective draw of the worst coordinate of N(0, I).

    The move is affine invariant: a step of any normal posterior of as many dimensions is one of N(0, I), whatever its
    evaluation costs. Points start as exact draws.
    """
    walkers = 2 * dimensions
    start = np.random.default_rng(2).normal(size=(walkers, dimensions))
    sampler = emcee.EnsembleSampler(walkers, dimensions, lambda x: -0.5 * (x * x).sum(axis=1), vectorize=True)
    sampler.run_mcmc(start, steps)
    return sampler.get_autocorr_time(tol=0).max()


def ours(*options):
    """Evaluations and least effective draws per second, and the seconds before the chains."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([tallfit, "sample", "--data.source=matrix", f"--generate.rows={n}", f"--generate.columns={k}",
                        "--fit.row_pass=false", *options, "-o", folder], check=True, capture_output=True)
        record = json.load(open(f"{folder}/fit.json"))
        seconds = {s["name"]: s["seconds"] for s in record["stages"]}
        evaluations = record["sampling"]["evaluations"]
        summary = list(csv.DictReader(open(f"{folder}/summary.csv")))
    ess = min(float(r[f] or "nan") for r in summary for f in ("ess_bulk", "ess_tail"))  # unknown of few draws
    return evaluations / seconds["sample"], ess / seconds["sample"], sum(seconds.values()) - seconds["sample"]


rng = np.random.default_rng(0)
a = rng.normal(size=(n, k))
b = a @ rng.normal(size=k) + 0.1 * rng.normal(size=n)


def gaussian(x):
    r = b - a @ x[:-1]
    return -n * x[-1] - 0.5 * np.exp(-2.0 * x[-1]) * (r @ r)


def student_t(x, nu=4.0):
    z = (b - a @ x[:-1]) * np.exp(-x[-1])
    return -n * x[-1] - 0.5 * (nu + 1.0) * np.log1p(z * z / nu).sum()


cases = [("gaussian", gaussian, ["--sample.chains=1", "--sample.warmup=500", "--sample.draws=500"]),
         ("student_t", student_t, ["--sample.chains=1", "--sample.warmup=2", "--sample.draws=4"])]
for target, density, options in cases:
    if target not in wanted:
        continue
    theirs = peer(density, k + 1)
    mine, ess, before = ours(f"--sample.target={target}", "--sample.sampler=stretch", f"--sample.walkers={2 * k + 2}", *options)
    print(f"{target}: emcee {theirs:.3g} evaluations/s, tallfit {mine:.3g}: {mine / theirs:.0f} times; "
          f"{before:.1f} s before the chains", flush=True)
    if target == "gaussian":
        mine, ess, before = ours("--sample.sampler=nuts", "--sample.chains=1")
        tau = peer_autocorrelation(k + 1)
        print(f"gaussian by nuts: {mine:.3g} evaluations/s, {ess:.3g} effective draws of the worst parameter/s; emcee "
              f"{theirs / tau:.3g}, one for {tau:.0f} evaluations: {ess * tau / theirs:.3g} times", flush=True)
