#!/usr/bin/python3
"""Processor time of scikit-learn's BaggingRegressor(LinearRegression) for each replica of a design file.

usage: peer_bagging.py DESIGN.h5 [replicas]

Rows are drawn one by one, which is all that BaggingRegressor can; the work of a fit does not depend on that. Needs
scikit-learn, NumPy and h5py, which are no dependencies of the project.
"""
import os
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
import h5py
import numpy as np
import sklearn
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import LinearRegression

replicas = int(sys.argv[2]) if len(sys.argv) > 2 else 2
with h5py.File(sys.argv[1]) as file:
    a, b = file["features"][:], file["target"][:]
c = np.ascontiguousarray(a[:2000].T)
begin = time.process_time()
for _ in range(10):
    c @ c.T
print(f"DGEMM {10 * 2 * 500**2 * 2000 / (time.process_time() - begin) / 1e9:.1f} GF/s", flush=True)
bag = BaggingRegressor(LinearRegression(fit_intercept=False), n_estimators=replicas, random_state=0, n_jobs=1)
begin = time.process_time(), time.perf_counter()
bag.fit(a, b)
print(f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}: {a.shape[0]} x {a.shape[1]}, {replicas} replicas: "
      f"{(time.process_time() - begin[0]) / replicas:.2f} s of processor time each, "
      f"{(time.perf_counter() - begin[1]) / replicas:.2f} s of wall time")
