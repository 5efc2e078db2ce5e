"""A norm in which the steps of a network contract.

Near a state, a step is its Jacobian D: a small change d becomes d D (row vectors). Balls that no
sum leaves exist if all the D together forget, but a single D may still lengthen some d. In the norm
of d L, with a suitable matrix L, none does. Such a norm is a quadratic form, d L L^T d^T, and its
balls are ellipsoids (a common quadratic Lyapunov function of the linear maps D; see Boyd et al.
1994, Linear Matrix Inequalities in System and Control Theory, chapter 5).
"""

import numpy as np

ROUNDS, RATE = 30, 0.1
# The larger, the more the worst of the maps counts.
SHARPNESS = 60.0


def contracting_norm(jacobians):
    """Return L, (m, m), that makes the largest spectral norm of L^-1 D L small.

    jacobians: the maps D, (n, m, m). The gradient of a spectral norm, with respect to a matrix G in
    L (1 + G), is s (v v^T - u u^T), where u, s and v are the leading singular vectors and value.

    The inverse of L has norm 1, so a ball of this norm is no larger than a Euclidean one.
    """
    identity = np.eye(jacobians.shape[-1])
    form, best, least = identity, identity, np.inf
    for _ in range(ROUNDS):
        u, s, vt = np.linalg.svd(np.linalg.solve(form, jacobians @ form))
        largest = s[:, 0].max()
        if largest < least:
            best, least = form, largest
        u, v = u[:, :, 0], vt[:, 0]
        shares = np.exp(SHARPNESS * (s[:, 0] - largest))
        shares /= shares.sum()
        gradient = (v.T * shares) @ v - (u.T * shares) @ u
        form = form @ (identity - RATE * gradient)
    return best * np.linalg.norm(np.linalg.inv(best), 2)
