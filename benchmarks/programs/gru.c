/* The tutorial's training in C, for one core: an estimate of what the machine allows.
 *
 * The innermost axis of every array is the batch, LANES examples to a vector, so that all
 * arithmetic is on whole vectors and a weight is one number for all of them. The batch is cut into
 * panels of `width` vectors, and a panel goes through the whole sequence, forth and back, before
 * the next, so that its arrays stay in the cache.
 *
 * Rows are such sequences of `width` vectors, one row for each unit. INPUTS rows stand above the
 * state's in one array: two bits, a one, by which the biases become weights, and zeros, to fill up.
 * The caller pads the batch with examples whose "one" is zero, and the state with units whose
 * weights are zero; both have no effect, and no gradient.
 *
 *     A  (INPUTS + hidden, 3 hidden + GAP)  A_rz to the reset gate and the update gate, then A_h to
 *                                           the proposal, then zeros
 *     w  (hidden + 1)                       to the output, then its bias
 *
 * Without the zeros, rows could be a multiple of 1,024 bytes apart, and a column would have to
 * share a few lines of the cache.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A vector is one register: gcc keeps longer ones in memory. AVX-512 has 32 of them and AVX 16; the
 * weight gradient's tile, 4 by COLUMNS, leaves some free. */
enum { LANES = __BIGGEST_ALIGNMENT__ / sizeof(double), COLUMNS = LANES == 8 ? 4 : 2 };
const int lanes = LANES; /* for the caller */
enum { INPUTS = 4, ONE = 2, GAP = 8, CACHE = 512 * 1024 };
/* What comes from NumPy is aligned to a double only. */
typedef double vec __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

struct examples {
    long panels, width, time, batch;
    const vec *x; /* (panels, time, INPUTS, width) */
    const vec *y; /* (panels, time, width) */
};

struct adam {
    double *theta, *m, *v; /* theta is A, then w */
    float learning_rate, beta1, beta2, epsilon, beta1_power, beta2_power;
};

/* The arrays of one panel, where time has a row for each unit. */
struct pass {
    long hidden, time, width;
    vec *state; /* inputs and h_{t-1}: (time + 1, INPUTS + hidden, width) */
    vec *reset; /* inputs and r_t * h_{t-1}: (time, INPUTS + hidden, width) */
    vec *gates; /* r_t, z_t and the proposal, then their gradients: (time, 3 hidden, width) */
    vec *error; /* the output minus y: (time, width) */
    vec *dh, *d_reset; /* (hidden, width) */
};

static struct pass new_pass(long hidden, long time, long width) {
    struct pass a = {.hidden = hidden, .time = time, .width = width};
    long rows = INPUTS + hidden;
    vec **arrays[] = {&a.state, &a.reset, &a.gates, &a.error, &a.dh, &a.d_reset};
    long sizes[] = {(time + 1) * rows, time * rows, time * 3 * hidden, time, hidden, hidden};
    for (int k = 0; k < 6; k++) {
        size_t bytes = sizes[k] * width * sizeof(vec);
        *arrays[k] = memset(aligned_alloc(sizeof(vec), bytes), 0, bytes);
    }
    return a;
}

static void free_pass(struct pass *a) {
    free(a->state), free(a->reset), free(a->gates), free(a->error), free(a->dh), free(a->d_reset);
}

static double sum(vec x) {
    double total = 0;
    for (int l = 0; l < LANES; l++) total += x[l];
    return total;
}

/* y_j += sum_i A[i * i_step + j * j_step] x_i; the sums of eight rows stay in registers. */
static void add_product(vec *restrict y, long rows, const double *restrict A, long i_step,
                        long j_step, const vec *restrict x, long depth, long width) {
    for (long j = 0; j < rows; j += 8)
        for (long p = 0; p < width; p++) {
            vec sums[8];
            for (int k = 0; k < 8; k++) sums[k] = y[(j + k) * width + p];
            for (long i = 0; i < depth; i++)
                for (int k = 0; k < 8; k++)
                    sums[k] += A[i * i_step + (j + k) * j_step] * x[i * width + p];
            for (int k = 0; k < 8; k++) y[(j + k) * width + p] = sums[k];
        }
}

/* G_ij += the sum over examples and time of x_i d_j, tile by tile. */
static void add_weight_gradient(double *restrict G, long G_step, const vec *restrict x, long x_rows,
                                long x_step, const vec *restrict d, long d_rows, long d_step,
                                long width, long time) {
    for (long i = 0; i < x_rows; i += 4)
        for (long j = 0; j < d_rows; j += COLUMNS) {
            vec sums[4][COLUMNS] = {0};
            for (long t = 0; t < time; t++)
                for (long p = 0; p < width; p++)
                    for (int k = 0; k < 4; k++)
                        for (int l = 0; l < COLUMNS; l++)
                            sums[k][l] += x[t * x_step + (i + k) * width + p] *
                                          d[t * d_step + (j + l) * width + p];
            for (int k = 0; k < 4; k++)
                for (int l = 0; l < COLUMNS; l++) G[(i + k) * G_step + j + l] += sum(sums[k][l]);
        }
}

/* Loops over doubles, which gcc turns into calls of libmvec's vector functions. */
static void sigmoid_rows(vec *rows, long vectors) {
    double *x = (double *)rows;
    for (long i = 0; i < vectors * LANES; i++) x[i] = 1 / (1 + exp(-x[i]));
}

/* libmvec's tanh takes twice as long; near zero this is off by 2e-16, no more than elsewhere. */
static void tanh_rows(vec *rows, long vectors) {
    double *x = (double *)rows;
    for (long i = 0; i < vectors * LANES; i++) x[i] = 1 - 2 / (1 + exp(2 * x[i]));
}

/* Puts panel k through the network, and returns the sum of its squared errors. */
static double forward(struct pass *a, const double *theta, const struct examples *set, long k) {
    long H = a->hidden, rows = INPUTS + H, width = a->width, n = H * width, step = 3 * H + GAP;
    const double *A_rz = theta, *A_h = A_rz + 2 * H, *w = theta + rows * step;
    const vec *x = set->x + k * a->time * INPUTS * width, *y = set->y + k * a->time * width;
    vec total = {0};
    for (long t = 0; t < a->time; t++, x += INPUTS * width, y += width) {
        vec *state = a->state + t * rows * width, *h_tm1 = state + INPUTS * width;
        vec *reset = a->reset + t * rows * width, *r_h = reset + INPUTS * width;
        vec *r = a->gates + t * 3 * n, *z = r + n, *proposal = z + n;
        vec *h = h_tm1 + rows * width, *error = a->error + t * width;

        memcpy(state, x, INPUTS * width * sizeof(vec));
        memcpy(reset, state, INPUTS * width * sizeof(vec));
        memset(r, 0, 3 * n * sizeof(vec));
        add_product(r, 2 * H, A_rz, step, 1, state, rows, width);
        sigmoid_rows(r, 2 * n);
        for (long q = 0; q < n; q++) r_h[q] = r[q] * h_tm1[q];
        add_product(proposal, H, A_h, step, 1, reset, rows, width);
        tanh_rows(proposal, n);
        for (long q = 0; q < n; q++) h[q] = h_tm1[q] + z[q] * (proposal[q] - h_tm1[q]);

        for (long p = 0; p < width; p++) {
            vec output_minus_y = w[H] - y[p];
            for (long j = 0; j < H; j++) output_minus_y += w[j] * h[j * width + p];
            /* Nothing for the padding. */
            error[p] = output_minus_y * state[ONE * width + p];
            total += error[p] * error[p];
        }
    }
    return sum(total);
}

/* Adds to G, laid out like theta, the gradient of half the squared error. */
static void backward(struct pass *a, const double *theta, double *G) {
    long H = a->hidden, rows = INPUTS + H, width = a->width, n = H * width, step = 3 * H + GAP;
    const double *A_rz = theta, *A_h = A_rz + 2 * H, *w = theta + rows * step;
    double *G_w = G + rows * step;
    vec *dh = a->dh, *d_reset = a->d_reset;
    memset(dh, 0, n * sizeof(vec));
    for (long t = a->time - 1; t >= 0; t--) {
        const vec *h_tm1 = a->state + (t * rows + INPUTS) * width, *h = h_tm1 + rows * width;
        const vec *error = a->error + t * width;
        vec *r = a->gates + t * 3 * n, *z = r + n, *proposal = z + n;

        for (long j = 0; j < H; j++) {
            vec total = {0};
            for (long p = 0, q = j * width; p < width; p++, q++) {
                total += error[p] * h[q];
                vec d = dh[q] + w[j] * error[p], c = proposal[q], keep = 1 - z[q];
                proposal[q] = d * z[q] * (1 - c * c);
                z[q] *= d * (c - h_tm1[q]) * keep;
                dh[q] = d * keep;
            }
            G_w[j] += sum(total);
        }
        for (long p = 0; p < width; p++) G_w[H] += sum(error[p]);

        memset(d_reset, 0, n * sizeof(vec));
        add_product(d_reset, H, A_h + INPUTS * step, 1, step, proposal, H, width);
        for (long q = 0; q < n; q++) {
            dh[q] += d_reset[q] * r[q];
            r[q] *= d_reset[q] * h_tm1[q] * (1 - r[q]);
        }
        add_product(dh, H, A_rz + INPUTS * step, 1, step, r, 2 * H, width);
    }

    /* As many time steps at once as the cache holds. */
    long chunk = 1 + CACHE / (5 * n * (long)sizeof(vec));
    for (long t = 0; t < a->time; t += chunk) {
        long steps = a->time - t < chunk ? a->time - t : chunk, at = t * rows * width;
        const vec *d_rz = a->gates + t * 3 * n, *d_h = d_rz + 2 * n;
        add_weight_gradient(G, step, a->state + at, rows, rows * width, d_rz, 2 * H, 3 * n, width,
                            steps);
        add_weight_gradient(G + 2 * H, step, a->reset + at, rows, rows * width, d_h, H, 3 * n,
                            width, steps);
    }
}

/* As TensorFlow 1.3 has it: the settings and the betas' powers are float, the rest is double. */
static void adam_step(struct adam *adam, const double *gradient, double scale, long size) {
    double *restrict theta = adam->theta, *restrict m = adam->m, *restrict v = adam->v;
    double beta1 = adam->beta1, beta2 = adam->beta2, epsilon = adam->epsilon;
    double beta1_power = adam->beta1_power, beta2_power = adam->beta2_power;
    double alpha = adam->learning_rate * sqrt(1 - beta2_power) / (1 - beta1_power);
    for (long i = 0; i < size; i++) {
        double g = gradient[i] * scale;
        m[i] += (g - m[i]) * (1 - beta1);
        v[i] += (g * g - v[i]) * (1 - beta2);
        theta[i] -= alpha * m[i] / (sqrt(v[i]) + epsilon);
    }
    adam->beta1_power *= adam->beta1;
    adam->beta2_power *= adam->beta2;
}

void train(long hidden, const struct examples *training, const struct examples *validation,
           struct adam *adam, long iterations, double *train_losses, double *validation_losses) {
    long size = (INPUTS + hidden) * (3 * hidden + GAP) + hidden + 1;
    struct pass a = new_pass(hidden, training->time, training->width);
    struct pass b = new_pass(hidden, validation->time, validation->width);
    double *gradient = malloc(size * sizeof(double));
    for (long i = 0; i < iterations; i++) {
        double train_error = 0, validation_error = 0;
        memset(gradient, 0, size * sizeof(double));
        for (long k = 0; k < training->panels; k++) {
            train_error += forward(&a, adam->theta, training, k);
            backward(&a, adam->theta, gradient);
        }
        adam_step(adam, gradient, 1.0 / training->batch, size);
        for (long k = 0; k < validation->panels; k++)
            validation_error += forward(&b, adam->theta, validation, k);
        train_losses[i] = 0.5 * train_error / training->batch;
        validation_losses[i] = 0.5 * validation_error / validation->batch;
    }
    free(gradient), free_pass(&a), free_pass(&b);
}

/* The output minus y for one panel, (time, width). */
void predict(long hidden, const struct examples *question, const double *theta, vec *output) {
    struct pass a = new_pass(hidden, question->time, question->width);
    forward(&a, theta, question, 0);
    memcpy(output, a.error, question->time * question->width * sizeof(vec));
    free_pass(&a);
}
