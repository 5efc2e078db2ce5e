"""A norm in which the steps of a network contract.

Near a state, a step is its Jacobian D: a small change d becomes d D (row vectors). Balls that no
sum leaves exist if all the D together forget, but a single D may still lengthen some d. In the norm
of d L, with a suitable matrix L, none does. Such a norm is a quadratic form, d L L^T d^T, and its
balls are ellipsoids (a common quadratic Lyapunov function of the linear maps D; see Boyd et al.
1994, Linear Matrix Inequalities in System and Control Theory, chapter 5).
"""

import numpy as np

ROUNDS, RATE, PRODUCTS, TINY = 30, 0.1, 30, 1e-300
# The larger, the more the worst of the maps counts.
SHARPNESS = 60.0


def contracting_norm(jacobians):
    """Return L, (m, m), that makes the largest spectral norm of L^-1 D L small.

    jacobians: the maps D, (n, m, m). The gradient of a spectral norm, with respect to a matrix G in
    L (1 + G), is s (v v^T - u u^T), where u, s and v are the leading singular vectors and value. A
    few products in each round find them, from the v of the round before.

    The inverse of L has norm 1, so a ball of this norm is no larger than a Euclidean one.
    """
    identity, v = np.eye(jacobians.shape[-1]), np.ones((*jacobians.shape[:-1], 1))
    form, best, least = identity, identity, np.inf
    for _ in range(ROUNDS):
        maps = np.linalg.solve(form, jacobians @ form)
        for _ in range(PRODUCTS):
            v = maps.transpose(0, 2, 1) @ (maps @ v)
            v /= np.linalg.norm(v, axis=1, keepdims=True) + TINY
        u = maps @ v
        s = np.linalg.norm(u, axis=1, keepdims=True)
        u /= s + TINY
        largest = s.max()
        if largest < least:
            best, least = form, largest
        shares = np.exp(SHARPNESS * (s - largest))
        shares /= shares.sum()
        gradient = np.einsum("nik,njk->ij", shares * v, v) - np.einsum("nik,njk->ij", shares * u, u)
        form = form @ (identity - RATE * gradient)
    return best * np.linalg.norm(np.linalg.inv(best), 2)
