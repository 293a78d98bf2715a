package dev.tallyhook.operations;

import dev.tallyhook.processing.Lateness;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;

/** Shows to Prometheus the histogram that PostgreSQL counts: Micrometer's own would have to be told of each transaction. */
@Singleton
class LatenessCollector extends Collector {

    private static final String NAME = "tallyhook_lateness_seconds";

    private final Lateness lateness;

    LatenessCollector(Lateness lateness) {
        this.lateness = lateness;
    }

    /** The registry that Micrometer fills, with this collector in it. */
    @Produces
    @Singleton
    CollectorRegistry registry() {
        var registry = new CollectorRegistry(true);
        registry.register(this);
        return registry;
    }

    @Override
    public List<MetricFamilySamples> collect() {
        return List.of(new MetricFamilySamples(
                NAME, Type.HISTOGRAM, "How late transactions are finished: processed_at - due_at", samples()));
    }

    /** Buckets are cumulative, and the last one has no bound. */
    private List<MetricFamilySamples.Sample> samples() {
        List<MetricFamilySamples.Sample> samples = new ArrayList<>();
        double[] bounds = Lateness.bounds();
        long[] counts = lateness.counts();
        double sum = lateness.sum();
        long below = 0;
        for (int i = 0; i < counts.length; i++) {
            below += counts[i];
            String bound = doubleToGoString(i < bounds.length ? bounds[i] : Double.POSITIVE_INFINITY);
            samples.add(new MetricFamilySamples.Sample(NAME + "_bucket", List.of("le"), List.of(bound), below));
        }
        samples.add(new MetricFamilySamples.Sample(NAME + "_count", List.of(), List.of(), below));
        samples.add(new MetricFamilySamples.Sample(NAME + "_sum", List.of(), List.of(), sum));
        return samples;
    }
}
