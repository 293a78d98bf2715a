#!/usr/bin/env bash
# ICU4J 75.1 writes amounts of 13 currencies of today without digits, for which ISO 4217 has two or three: it follows CLDR, which tells what is
# customary. So an amount that was kept to the last digit is rounded where a person reads it: IQD 1500.505 is shown as 1,501. java.util.Currency and
# Joda-Money 1.0.4 have ISO's digits. https://www.unicode.org/reports/tr35/tr35-numbers.html#Supplemental_Currency_Data
# Seen: of the 16 below, 13 have no digits by ICU, and two by both others (IQD three).
# Needs a JDK 17.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/copy-jars" "$work" com.ibm.icu:icu4j:75.1 org.joda:joda-money:1.0.4
cd "$work"
cat > Digits.java <<'JAVA'
import com.ibm.icu.text.NumberFormat;
import com.ibm.icu.util.Currency;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import org.joda.money.CurrencyUnit;

class Digits {
    private static final List<String> OF_TODAY = List.of("AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER", "EUR", "JPY", "TND");

    public static void main(String[] arguments) {
        for (String code : OF_TODAY) {
            System.out.printf(
                    "%s: %d by Joda-Money, %d by the JDK, %d by ICU%n",
                    code,
                    CurrencyUnit.of(code).getDecimalPlaces(),
                    java.util.Currency.getInstance(code).getDefaultFractionDigits(),
                    Currency.getInstance(code).getDefaultFractionDigits());
        }
        NumberFormat format = NumberFormat.getCurrencyInstance(Locale.US);
        format.setCurrency(Currency.getInstance("IQD"));
        System.out.println("1500.505 IQD is written " + format.format(new BigDecimal("1500.505")).replace('\u00a0', ' '));
    }
}
JAVA
seen=$(java -cp 'lib/*' Digits.java)
echo "$seen"
[[ $(grep -c ': 2 by Joda-Money, 2 by the JDK, 0 by ICU$' <<<"$seen") == 12 ]] &&
    grep -q '^IQD: 3 by Joda-Money, 3 by the JDK, 0 by ICU$' <<<"$seen" &&
    grep -q '^EUR: 2 by Joda-Money, 2 by the JDK, 2 by ICU$' <<<"$seen" &&
    grep -q '^TND: 3 by Joda-Money, 3 by the JDK, 3 by ICU$' <<<"$seen" &&
    grep -q '^1500.505 IQD is written IQD 1,501$' <<<"$seen" || { echo 'changed'; exit 1; }
