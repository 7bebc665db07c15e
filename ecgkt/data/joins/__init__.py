"""From MIMIC's tables to the values, stays, codes and labels of each ECG, in SQL over the files where they lie."""
