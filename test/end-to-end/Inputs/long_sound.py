"""A sound for who makes golden files and for who reads them."""


def long_sound():
    """3.37 seconds of 16 bits: two tones that rise and fall, in whole numbers, so that anyone makes the same."""
    samples, phases = [], [0, 0]
    for i in range(53920):
        phases = [(phases[0] + 800 + abs(i % 24000 - 12000) // 8) % 65536, (phases[1] + 3000 - abs(i % 9000 - 4500) // 4) % 65536]
        loud = 3 + abs(i % 7000 - 3500) // 500
        samples.append(sum((abs(phase - 32768) - 16384) * loud // 24 for phase in phases))
    return samples
